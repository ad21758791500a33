import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { json } from 'node:stream/consumers';
import type { CertificateFiles } from '@gatehouse/testing';

/** What a URL answers to a peer with this certificate. Rejects unless it is 200. */
export async function getJson(url: string, { ca, cert, key }: CertificateFiles): Promise<unknown> {
  const [caPem, certPem, keyPem] = [ca, cert, key].map((file) => readFileSync(file));
  const request = get(url, { ca: caPem, cert: certPem, key: keyPem, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = await json(response);
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}.`);
  return body;
}
