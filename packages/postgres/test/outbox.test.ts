import { uuidv7 } from '@gatehouse/process';
import { describe, expect, it } from 'vitest';
import { appendAllToOutbox, appendOutbox, OUTBOX_PAYLOAD_MAX_BYTES } from '../src/index.ts';
import { useOutbox } from './use-outbox.ts';

const outbox = useOutbox();

describe('appendOutbox', () => {
  it('commits with its transaction or not at all', async () => {
    await outbox.db
      .transaction(async (tx) => {
        appendOutbox(tx, 'demo', { id: uuidv7(), payload: Buffer.from('lost') });
        throw new Error('no');
      })
      .catch(() => undefined);
    await outbox.append('kept');
    expect(await outbox.left()).toMatchObject([{ text: 'kept' }]);
  });

  it('takes a message again that is there already, as after a commit whose answer was lost', async () => {
    const message = { id: uuidv7(), payload: Buffer.from('once') };
    const other = { id: uuidv7(), payload: Buffer.from('other') };
    const append = (messages: readonly (typeof message)[]) =>
      outbox.db.transaction(async (tx) => appendAllToOutbox(tx, 'demo', messages));
    await append([message]);
    await append([message, other]);
    expect((await outbox.left()).map(({ text }) => text)).toEqual(['once', 'other']);
  });

  it('refuses what is too large, and a schema that is none', async () => {
    const payload = Buffer.alloc(OUTBOX_PAYLOAD_MAX_BYTES + 1);
    await expect(
      outbox.db.transaction(async (tx) => appendOutbox(tx, 'demo', { id: uuidv7(), payload })),
    ).rejects.toThrow('too large');
    const small = { id: uuidv7(), payload: Buffer.from('x') };
    await expect(outbox.db.transaction(async (tx) => appendOutbox(tx, 'demo; drop', small))).rejects.toThrow(
      'name of a schema',
    );
  });
});
