/**
 * The floor: what two sockets and their JSON cost, and nothing else. A bare relay that parses and builds every message, and
 * passes the sound on in base64 as it came.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

const PATH = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const base = process.env['GOOGLE_GEMINI_BASE_URL']!.replace(/^http/, 'ws');

const setup = {
  setup: {
    model: 'models/gemini-3.8-live',
    generationConfig: { responseModalities: ['AUDIO'] },
    inputAudioTranscription: {},
    outputAudioTranscription: {},
  },
};

function relay(phone: WebSocket): void {
  let live: WebSocket | undefined;
  let ready = false;
  let streamSid = '';

  const begin = (): void => {
    live = new WebSocket(base + PATH, { perMessageDeflate: false });
    live.on('open', () => live?.send(JSON.stringify(setup)));
    live.on('error', () => phone.close());
    live.on('close', () => phone.close());
    live.on('message', (data: Buffer) => {
      const { setupComplete, serverContent } = JSON.parse(data.toString());
      if (setupComplete !== undefined) {
        ready = true;
        live?.send(JSON.stringify({ realtimeInput: { text: 'Greet the caller.' } }));
      }
      if (serverContent?.interrupted) phone.send(JSON.stringify({ event: 'clear', streamSid }));
      for (const { inlineData } of serverContent?.modelTurn?.parts ?? []) {
        phone.send(JSON.stringify({ event: 'media', streamSid, media: { payload: inlineData.data } }));
      }
    });
  };

  phone.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString());
    if (message.event === 'start') {
      streamSid = message.start.streamSid;
      begin();
    } else if (message.event === 'media' && ready) {
      const audio = { mimeType: 'audio/pcmu;rate=8000', data: message.media.payload };
      live?.send(JSON.stringify({ realtimeInput: { audio } }));
    }
  });
  phone.on('error', () => phone.terminate());
  phone.on('close', () => live?.close());
}

const server = createServer();
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', relay);
server.listen(0, '127.0.0.1', () => console.log(`listening ${(server.address() as AddressInfo).port}`));
