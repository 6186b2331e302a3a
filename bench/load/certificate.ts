/** A certificate of localhost for one run, made by openssl: Node itself makes keys, and no certificates. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export interface Certificate {
  readonly keyPath: string;
  /** For NODE_EXTRA_CA_CERTS, too. */
  readonly certPath: string;
}

/** Undefined where there is no openssl. */
export function makeCertificate(folder: string): Certificate | undefined {
  const keyPath = join(folder, 'key.pem');
  const certPath = join(folder, 'cert.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  // P-256, as Google's own endpoint has.
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyPath];
  try {
    execFileSync('openssl', ['req', '-x509', ...key, '-out', certPath, '-days', '2', ...subject], { stdio: 'ignore' });
    return { keyPath, certPath };
  } catch {
    return undefined;
  }
}
