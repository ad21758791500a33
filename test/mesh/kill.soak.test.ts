// As kill.test.ts, for as long as it takes to kill each service twenty times.
import './kill.test.ts';
