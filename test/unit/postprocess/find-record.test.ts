/** A record is found by its call's id, and nothing else is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findRecord } from '../../../src/postprocess/index.ts';

function givenRecords(): string {
  const folder = mkdtempSync(join(tmpdir(), 'callbridge-records-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const put = (path: string, text: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  put('records/2026-01-01/CA1.json', '{"callId":"CA1"}');
  put('records/2026-01-02/CA2.json', 'half of {');
  put('records/notes/CA3.json', '{"callId":"CA3"}');
  put('secret.json', '{"secret":true}');
  for (let day = 1; day <= 31; day++) mkdirSync(join(folder, `records/2026-03-${String(day).padStart(2, '0')}`));
  put('records/2026-03-31/CA4.json', '{"callId":"CA4"}');
  return join(folder, 'records');
}

test('of the newest 31 days', async () => {
  const folder = givenRecords();
  expect(await findRecord(folder, 'CA4')).toEqual({ callId: 'CA4' });
  expect(await findRecord(folder, 'CA1')).toBeUndefined();
  rmSync(join(folder, '2026-03-01'), { recursive: true });
  rmSync(join(folder, '2026-03-02'), { recursive: true });
  expect(await findRecord(folder, 'CA1')).toEqual({ callId: 'CA1' });
  expect(await findRecord(folder, 'CA2')).toBeUndefined();
  expect(await findRecord(folder, 'CA3')).toBeUndefined();
  expect(await findRecord(join(folder, 'none'), 'CA1')).toBeUndefined();
});

test.each(['../secret', '..', '', '2026-03-31/CA4', 'CA4\u0000', '/etc/passwd'])('not by %j', async (id) => {
  await expect(findRecord(givenRecords(), id)).rejects.toMatchObject({ code: 'RECORD_INVALID' });
});
