/** What can be held of the Kubernetes manifests without a cluster. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { closingMs, constantOf } from '../support/stop-time.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'deploy/kubernetes');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

// biome-ignore lint/suspicious/noExplicitAny: the shapes are Kubernetes's own.
type Manifest = any;

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
const manifests: readonly Manifest[] = files
  .filter((name) => name !== 'kustomization.yaml')
  .flatMap((name) => parseAllDocuments(readFileSync(join(FOLDER, name), 'utf8')).map((document) => document.toJS()));
const one = (kind: string, name: string): Manifest => {
  const found = manifests.filter((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  expect(found).toHaveLength(1);
  return found[0];
};
const serve = one('Deployment', 'callbridge');
const worker = one('Deployment', 'callbridge-worker');
const serving = serve.spec.template.spec.containers[0];
const working = worker.spec.template.spec.containers[0];

describe('the Kubernetes manifests', () => {
  test('are all applied, but for the secrets that nobody should commit', () => {
    const { resources } = parse(readFileSync(join(FOLDER, 'kustomization.yaml'), 'utf8'));
    const others = ['kustomization.yaml', 'secrets.example.yaml'];
    expect([...resources].sort()).toEqual(files.filter((name) => !others.includes(name)).sort());
  });

  test('make the agents from files that are there', () => {
    const { configMapGenerator } = parse(readFileSync(join(FOLDER, 'kustomization.yaml'), 'utf8'));
    for (const { name, files: sources } of configMapGenerator) {
      expect(name).toBe('callbridge-agents');
      for (const source of sources) expect(existsSync(join(FOLDER, source)), source).toBe(true);
    }
  });

  test('give a process that stops the time for its calls, for handing them over, and for their records', () => {
    const graceMs = Number(serving.args[serving.args.indexOf('--grace') + 1]) * 1_000;
    expect(graceMs).toBeGreaterThanOrEqual(60_000);
    expect(closingMs()).toBeGreaterThan(60_000);
    expect(serve.spec.template.spec.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(graceMs + closingMs());
    expect(worker.spec.template.spec.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(
      constantOf('src/cli/worker.ts', 'GRACE_MS'),
    );
  });

  test('run one process in a pod, which has no cores of its own', () => {
    expect(serving.args.slice(serving.args.indexOf('--processes'))).toEqual(['--processes', '1']);
    expect(serving.resources.limits.cpu).toBeUndefined();
  });

  test('probe routes that there are, on the port on which the service listens', () => {
    const app = read('src/http/app.ts');
    for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
      const { path, port } = serving[probe].httpGet;
      expect(app).toContain(`router.get('${path}'`);
      expect(port).toBe('http');
    }
    const [{ name, containerPort }] = serving.ports;
    expect([name, String(containerPort)]).toEqual(['http', envOf(serving)['PORT']]);
    expect(one('Service', 'callbridge').spec.ports[0].targetPort).toBe('http');
    expect(serve.spec.template.metadata.annotations['prometheus.io/port']).toBe(String(containerPort));
  });

  test('set what .env.example names, and all that a service cannot start without', () => {
    const known = new Set([...read('.env.example').matchAll(/^#? ?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name));
    const secret = Object.keys(one('Secret', 'callbridge').stringData);
    for (const name of [...Object.keys(envOf(serving)), ...Object.keys(envOf(working)), ...secret]) {
      expect(known, name).toContain(name);
    }
    expect(secret).toEqual(
      expect.arrayContaining(['PUBLIC_URL', 'TWILIO_AUTH_TOKEN', 'GEMINI_API_KEY', 'TWILIO_ACCOUNT_SID']),
    );
    expect(envOf(working)['REDIS_URL']).toBe(envOf(serving)['REDIS_URL']);
    const { name, spec } = {
      name: one('Service', 'callbridge-redis').metadata.name,
      ...one('Service', 'callbridge-redis'),
    };
    expect(envOf(serving)['REDIS_URL']).toBe(`redis://${name}:${spec.ports[0].port}`);
  });

  test('run commands that the image has, as nobody special, with nothing but the data to write to', () => {
    for (const [{ spec }, container] of [
      [serve.spec.template, serving],
      [worker.spec.template, working],
    ]) {
      expect(existsSync(join(ROOT, `src/cli/${container.args[0]}.ts`))).toBe(true);
      expect(spec.securityContext.runAsNonRoot).toBe(true);
      expect(container.securityContext.readOnlyRootFilesystem).toBe(true);
      const writable = container.volumeMounts.filter((mount: Manifest) => mount.readOnly !== true);
      expect(writable.map((mount: Manifest) => mount.mountPath)).toEqual([envOf(container)['DATA_DIR']]);
      const volumes = spec.volumes.map((volume: Manifest) => volume.name);
      for (const { name } of container.volumeMounts) expect(volumes).toContain(name);
    }
  });

  test('select the pods that they mean', () => {
    const labels = serve.spec.template.metadata.labels;
    const selectors = [
      serve.spec.selector.matchLabels,
      one('Service', 'callbridge').spec.selector,
      one('PodDisruptionBudget', 'callbridge').spec.selector.matchLabels,
      serve.spec.template.spec.topologySpreadConstraints[0].labelSelector.matchLabels,
    ];
    for (const selector of selectors) expect(selector).toEqual(labels);
    expect(worker.spec.template.metadata.labels).toEqual(worker.spec.selector.matchLabels);
    expect(worker.spec.template.metadata.labels).not.toEqual(labels);
    expect(one('Service', 'callbridge').spec.sessionAffinity).toBe('None');
    expect(one('Ingress', 'callbridge').spec.rules[0].http.paths[0].backend.service.name).toBe('callbridge');
  });

  test('scale by a metric that there is, well below what a pod takes, and never below two', () => {
    const { spec } = one('HorizontalPodAutoscaler', 'callbridge');
    const { metric, target } = spec.metrics[0].pods;
    expect(read('src/telemetry/metrics.ts')).toContain(`gauge('${metric.name.replace(/^callbridge_/, '')}'`);
    expect(Number(target.averageValue)).toBeLessThan(Number(envOf(serving)['MAX_CALLS']));
    expect(spec.minReplicas).toBeGreaterThanOrEqual(2);
    expect(spec.scaleTargetRef.name).toBe('callbridge');
    expect(serve.spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
  });

  test('keep a WebSocket open for as long as the longest call', () => {
    const { annotations } = one('Ingress', 'callbridge').metadata;
    const longestSeconds =
      Number(
        /callMinutes: z\s*\.number\(\)\s*\.min\(1\)\s*\.max\((\d+)\)/.exec(read('src/config/agent-file.ts'))?.[1],
      ) * 60;
    expect(longestSeconds).toBeGreaterThan(0);
    for (const timeout of ['proxy-read-timeout', 'proxy-send-timeout']) {
      expect(Number(annotations[`nginx.ingress.kubernetes.io/${timeout}`])).toBeGreaterThanOrEqual(longestSeconds);
    }
  });
});

function envOf({ env }: Manifest): Record<string, string> {
  return Object.fromEntries(env.map(({ name, value }: Manifest) => [name, value]));
}
