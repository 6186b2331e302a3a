/** What can be held of the image and the compose file without a Docker engine. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { closingMs, constantOf, defaultGraceMs } from '../support/stop-time.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const dockerfile = read('Dockerfile');
const compose = parse(read('docker-compose.yml'), { merge: true });

describe('the compose file', () => {
  test.each(['service', 'worker'])('fixes for %s what .env.example would move away from the image', (name) => {
    const { environment, env_file: files, volumes } = compose.services[name];
    expect(files).toEqual([{ path: '.env', required: false }]);
    expect(environment).toEqual({
      REDIS_URL: 'redis://redis:6379',
      HOST: '0.0.0.0',
      PORT: '8080',
      CONFIG_DIR: '/app/config',
      DATA_DIR: '/data',
    });
    expect(volumes).toEqual(['data:/data', './config:/app/config:ro']);
  });

  test('publishes the port on which the service listens, and keeps what Redis has', () => {
    expect(compose.services.service.ports).toEqual(['8080:8080']);
    expect(compose.services.redis.command.join(' ')).toContain('--appendonly yes');
    expect(compose.services.redis.volumes).toEqual(['redis:/data']);
    expect(Object.keys(compose.volumes)).toEqual(['data', 'redis']);
  });

  test('has the worker listen where the image’s check of health asks', () => {
    const { command, environment, healthcheck } = compose.services.worker;
    expect(command).toEqual(['worker', '--port', environment.PORT, '--host', '0.0.0.0']);
    expect(healthcheck).toBeUndefined();
  });

  test('starts the simulator only when its profile is asked for', () => {
    expect(compose.services.simulator.profiles).toEqual(['simulator']);
    expect(compose.services.simulator.build.target).toBe('dev');
  });

  test('gives a service that stops the time for its calls, for handing them over, and for their records', () => {
    expect(compose.services.service.command).toEqual(['serve']);
    expect(closingMs()).toBeGreaterThan(60_000);
    const [, minutes] = /^(\d+)m$/.exec(compose.services.service.stop_grace_period) ?? [];
    // Several processes are waited for by the one that started them.
    const leavingMs = constantOf('src/processes/primary.ts', 'LEAVING_MS');
    expect(leavingMs).toBeGreaterThan(closingMs());
    expect(Number(minutes) * 60_000).toBeGreaterThan(defaultGraceMs() + leavingMs);
  });
});

describe('the compose file for several containers', () => {
  const scaled = parse(read('docker-compose.scale.yml'), { logLevel: 'error' });

  test('takes the port from the service, and gives it to a proxy', () => {
    expect(read('docker-compose.scale.yml')).toMatch(/^ {2}service:\n(?: {4}#.*\n)* {4}ports: !reset \[\]$/m);
    expect(scaled.services.proxy.ports).toEqual(compose.services.service.ports);
    expect(scaled.services.service.command).toEqual(['serve', '--processes', '1']);
    expect(scaled.services.proxy.depends_on.every((name: string) => name in compose.services)).toBe(true);
    expect(scaled.services.proxy.configs.map(({ source }: { source: string }) => source)).toEqual(
      Object.keys(scaled.configs),
    );
  });

  test('looks for the containers by the name of the service and its port, and gives up connections before they do', () => {
    const { content } = scaled.configs.caddyfile;
    expect(content).toContain(`dynamic a service ${compose.services.service.environment.PORT} {`);
    const [, seconds] = /keepalive (\d+)s/.exec(content) ?? [];
    expect(Number(seconds) * 1_000).toBeLessThan(constantOf('src/http/server.ts', 'KEEP_ALIVE_MS'));
  });

  test('keeps what is posted for the next container that is tried', () => {
    const { content } = scaled.configs.caddyfile;
    expect(content).toMatch(/^ +lb_try_duration \d+s$/m);
    expect(content).toMatch(/^ +request_buffers \d+KiB$/m);
  });
});

describe('the image', () => {
  test('leaves out the simulator, and every command that cannot do without it', () => {
    const needing = readdirSync(join(ROOT, 'src/cli'))
      .filter((file) =>
        /from '\.\.\/simulator\/index\.ts'|from '\.\/simulated-model\.ts'/.test(read(`src/cli/${file}`)),
      )
      .map((file) => file.replace(/ts$/, '*'));
    const removed = [...(/^RUN rm -rf (.+)$/m.exec(dockerfile)?.[1] ?? '').matchAll(/\S+/g)].map(([path]) => path);
    expect(removed.sort()).toEqual(['dist/simulator', ...needing.map((file) => `dist/cli/${file}`)].sort());
  });

  test('copies only what there is, and runs as nobody special', () => {
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => match[1]!.split(' '));
    expect(sources.length).toBeGreaterThan(5);
    const there = readdirSync(ROOT);
    for (const source of sources) expect(there).toContain(source.replace(/^\.\//, ''));
    const stages = dockerfile.split(/^FROM /m).slice(1);
    expect(stages.at(-1)).toMatch(/^USER node$/m);
    expect(dockerfile.match(/^FROM node:24\S* AS \S+$/gm)).toHaveLength(stages.length);
  });
});
