import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** An image as the fake Glance has it. */
export interface CloudImage {
  readonly id: string;
  readonly name: string;
  readonly disk_format: string;
  readonly container_format: string;
  readonly properties: Readonly<Record<string, string>>;
  status: 'queued' | 'active';
  /** SHA-256 of what was uploaded. */
  sha256?: string;
}

/** Keystone v3 and Glance v2 as far as uploads need them, strict: what the API would refuse is refused here. */
export interface FakeCloud {
  readonly images: ReadonlyMap<string, CloudImage>;
  /** Requests that a real cloud would have refused. */
  readonly refused: readonly string[];
  /** Makes every upload of data fail from now on, as a cloud over its quota does. */
  overQuota: boolean;
  /** Text of a clouds.yaml with the cloud `rax`. */
  readonly cloudsYaml: string;
}

const USER = { name: 'builder', password: 'not told' };

export async function startFakeCloud(): Promise<FakeCloud> {
  const images = new Map<string, CloudImage>();
  const refused: string[] = [];
  const tokens = new Set<string>();
  const cloud = { images, refused, overQuota: false, cloudsYaml: '' };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => send(response, 500, { error: String(error) }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  cloud.cloudsYaml = `clouds:
  rax:
    auth:
      auth_url: ${base}/identity/v3
      username: ${USER.name}
      password: ${USER.password}
      project_name: ci
      user_domain_name: Default
      project_domain_name: Default
    region_name: IAD
`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', base);
    const route = `${request.method} ${pathname}`;
    const refuse = (status: number, why: string) => {
      refused.push(`${route}: ${why}`);
      send(response, status, { error: { code: status, message: why } });
    };
    if (pathname.replace(/\/$/, '') === '/identity/v3') return send(response, 200, { version: keystone(base) });
    if (route === 'POST /identity/v3/auth/tokens') {
      const token = await signIn(request);
      if (token === undefined) return refuse(401, 'wrong user or password');
      tokens.add(token);
      return send(response, 201, { token: tokenBody(base) }, { 'X-Subject-Token': token });
    }
    if (['/image', '/image/', '/image/v2', '/image/v2/'].includes(pathname)) {
      return send(response, pathname.includes('v2') ? 200 : 300, { versions: [glance(base)] });
    }
    if (!tokens.has(String(request.headers['x-auth-token']))) return refuse(401, 'no valid token');
    const [, id = '', isFile] = /^\/image\/v2\/images\/([^/]+)(\/file)?$/.exec(pathname) ?? [];
    if (route === 'POST /image/v2/images')
      return create(JSON.parse((await body(request)).toString()), response, refuse);
    if (route === 'GET /image/v2/images') {
      const name = new URL(request.url ?? '/', base).searchParams.get('name');
      const found = [...images.values()].filter((image) => name === null || image.name === name);
      return send(response, 200, { images: found.map(view) });
    }
    const image = images.get(id);
    if (!image) return refuse(404, 'no such image');
    if (request.method === 'PUT' && isFile) return receive(image, request, response, refuse);
    if (request.method === 'GET') return send(response, 200, view(image));
    if (request.method === 'DELETE') {
      images.delete(id);
      response.writeHead(204).end();
      return;
    }
    refuse(405, 'not a request of uploads');
  }

  async function create(given: Record<string, string>, response: ServerResponse, refuse: Refuse): Promise<void> {
    const { name = '', disk_format = '', container_format = '', visibility: _, ...properties } = given;
    if (!['raw', 'qcow2', 'vhd', 'vmdk', 'iso'].includes(disk_format)) return refuse(400, 'bad disk_format');
    if (container_format !== 'bare') return refuse(400, 'bad container_format');
    const image: CloudImage = { id: randomUUID(), name, disk_format, container_format, properties, status: 'queued' };
    images.set(image.id, image);
    send(response, 201, view(image));
  }

  async function receive(image: CloudImage, request: IncomingMessage, response: ServerResponse, refuse: Refuse) {
    const type = request.headers['content-type'];
    const bytes = await body(request);
    if (type !== 'application/octet-stream') return refuse(415, `data of type ${type}`);
    if (image.status !== 'queued') return refuse(409, 'it has its data');
    if (cloud.overQuota) return send(response, 413, { message: 'The quota of image_size_total is exceeded' });
    image.sha256 = createHash('sha256').update(bytes).digest('hex');
    image.status = 'active';
    response.writeHead(204).end();
  }
  return cloud;
}

type Refuse = (status: number, why: string) => void;

/** A new token for the right user; `undefined` = the wrong one. */
async function signIn(request: IncomingMessage): Promise<string | undefined> {
  const { auth } = JSON.parse((await body(request)).toString());
  const user = auth?.identity?.password?.user;
  const isRight = user?.name === USER.name && user?.password === USER.password && user?.domain?.name === 'Default';
  return isRight && auth?.scope?.project?.name === 'ci' ? randomUUID() : undefined;
}

const keystone = (base: string) => ({
  id: 'v3.14',
  status: 'stable',
  links: [{ rel: 'self', href: `${base}/identity/v3/` }],
});
const glance = (base: string) => ({
  id: 'v2.9',
  status: 'CURRENT',
  links: [{ rel: 'self', href: `${base}/image/v2/` }],
});
const tokenBody = (base: string) => ({
  methods: ['password'],
  expires_at: new Date(Date.now() + 3_600_000).toISOString(),
  issued_at: new Date().toISOString(),
  user: { id: 'u', name: USER.name, domain: { id: 'default', name: 'Default' } },
  project: { id: 'p', name: 'ci', domain: { id: 'default', name: 'Default' } },
  roles: [{ id: 'r', name: 'member' }],
  catalog: [
    {
      type: 'image',
      name: 'glance',
      id: 'g',
      endpoints: [{ id: 'e', interface: 'public', region: 'IAD', region_id: 'IAD', url: `${base}/image` }],
    },
  ],
});

const view = ({ properties, sha256, ...image }: CloudImage) => ({
  ...properties,
  ...image,
  visibility: 'shared',
  tags: [],
  self: `/v2/images/${image.id}`,
  file: `/v2/images/${image.id}/file`,
  os_hash_algo: sha256 && 'sha256',
  os_hash_value: sha256,
});

async function body(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function send(response: ServerResponse, status: number, json: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
}
