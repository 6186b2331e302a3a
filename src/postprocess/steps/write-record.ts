/** Writes the record as JSON. */
import { fileStep } from './record-file.ts';

export const writeRecord = fileStep('write-record', 'json', 'json', (record) => `${JSON.stringify(record, null, 2)}\n`);
