// As consistency-tokens.test.ts, with twenty thousand rounds.
import './consistency-tokens.test.ts';
