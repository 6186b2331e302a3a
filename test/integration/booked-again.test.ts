/** The restaurant's agent: a table is booked, cancelled, and booked again at the same time, for more guests. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadFixture } from '../../src/simulator/index.ts';
import { replay } from '../support/replay.ts';
import { startReservations } from '../support/reservations.ts';

const fixture = loadFixture(join(import.meta.dirname, '../../fixtures/calls/tool-twice'));
const TABLE = { day: '2030-12-06', time: '19:00', name: 'Rossi' };

test('what was cancelled is booked again, and not told as booked before', async () => {
  const reservations = await startReservations();
  onTestFinished(() => reservations.stop());
  const book = (guests: number) => ({ name: 'book_table', args: { ...TABLE, guests } });
  const { record, leftArmed } = await replay(fixture, {
    ...reservations.replayed,
    model: {
      turns: [
        { on: 'greeting', says: 'Good evening.' },
        { on: 'speech', hears: 'A table for four.', calls: [book(4)] },
        { on: 'toolResult', says: 'It is booked.' },
        { on: 'speech', hears: 'Cancel it.', calls: [{ name: 'cancel_booking', args: { day: TABLE.day } }] },
        { on: 'toolResult', says: 'For six, then.', calls: [book(6)] },
        { on: 'toolResult', says: 'It is booked for six.' },
      ],
    },
  });
  expect(record.toolCalls.map(({ name, answer }) => [name, answer?.['status']])).toEqual([
    ['book_table', 'ok'],
    ['cancel_booking', 'ok'],
    ['book_table', 'ok'],
  ]);
  expect(await reservations.bookingsOf(fixture.phone.from)).toMatchObject([{ ...TABLE, guests: 6 }]);
  expect(leftArmed).toBe(0);
});
