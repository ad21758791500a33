import type { RefusalForm } from '../src/index.ts';

/** Refusals in the form that these tests read. */
export const refusalForm: RefusalForm = ({ status, reason, message }) => ({
  status,
  headers: [['x-reason', reason]],
  body: message,
});
