/** Functions for an agent whose runs a test hears of, and ends: it subscribes to this channel. */
import { channel } from 'node:diagnostics_channel';

const begun = channel('callbridge.test.tool');

export default ({ defineTool, z }) => {
  const day = z.enum(['Friday', 'Saturday']);
  const run =
    (name) =>
    (args, { signal }) =>
      new Promise((resolve, reject) => begun.publish({ name, args, signal, resolve, reject }));
  return [
    defineTool({
      name: 'look',
      description: 'Looks for a free table.',
      parameters: z.object({ day, ref: z.string() }),
      sideEffect: false,
      run: run('look'),
    }),
    defineTool({
      name: 'book',
      description: 'Books a table.',
      parameters: z.object({ day, ref: z.string() }),
      businessKey: (args) => args.day,
      run: run('book'),
    }),
  ];
};
