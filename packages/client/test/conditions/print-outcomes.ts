import { outcomesHere } from './outcomes.ts';

// What conditions give in the time zone of this process: node print-outcomes.ts <seed> <count>
process.stdout.write(JSON.stringify(outcomesHere(Number(process.argv[2]), Number(process.argv[3]))));
