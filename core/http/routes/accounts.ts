import type { Response } from 'express';
import type { TopicRules } from '../../broker/contract.ts';
import type { Accounts, OpenedSession, Role, User } from '../contract.ts';
import type { PeerOf } from '../forwarded.ts';
import { cookieName } from '../gate.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';
import { list, object, PASSWORD, ROLE, TEXT, TIME } from '../schemas.ts';

const NAME = { type: 'string', minLength: 1, maxLength: 64 } as const;
const SESSION = object({ user: TEXT, role: ROLE });
const FILTERS = list({ type: 'string', format: 'topic-filter' });
const RULES = object({ read: FILTERS, write: FILTERS, readwrite: FILTERS }, ['read', 'write', 'readwrite']);
const USER = object({ name: TEXT, role: ROLE, created: TIME, rules: RULES }, ['rules']);

/** Logging in and out, users, tokens for scripts, the one-time link. */
export function accountRoutes(accounts: Accounts, accountLink: () => string, peerOf: PeerOf): Route[] {
  const addressOf = ({ req }: Response) => peerOf(req).address ?? 'hub.sock';
  const cookieOptions = ({ req }: Response) =>
    ({ httpOnly: true, sameSite: 'strict', secure: peerOf(req).secure, path: '/' }) as const;
  const openSession = (response: Response, { secret, user, maxAge }: OpenedSession) => {
    response.cookie(cookieName(response.req), secret, { ...cookieOptions(response), maxAge });
    return toSession(user);
  };
  return [
    defineRoute({
      method: 'get',
      path: '/api/v1/session',
      summary: 'Who is logged in',
      access: 'viewer',
      answer: SESSION,
      handle: (call) => toSession(callerOf(call)),
    }),
    defineRoute<{ user: string; password: string }>({
      method: 'post',
      path: '/api/v1/login',
      summary: 'Opens a session; its secret comes as a cookie',
      access: 'public',
      body: object({ user: TEXT, password: { ...TEXT, maxLength: PASSWORD.maxLength, format: 'password' } }),
      answer: SESSION,
      problems: [401, 429],
      handle: async ({ body, response, caller }) => {
        const session = await accounts.login(body.user, body.password, addressOf(response));
        if (caller?.via === 'session') await accounts.logout(caller.key);
        return openSession(response, session);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/logout',
      summary: 'Ends the session; a token lives on until it is removed',
      access: 'viewer',
      handle: async (call) => {
        const caller = callerOf(call);
        if (caller.via === 'session') await accounts.logout(caller.key);
        call.response.clearCookie(cookieName(call.request), cookieOptions(call.response));
      },
    }),
    defineRoute<{ token: string; user: string; password: string }>({
      method: 'post',
      path: '/api/v1/setup',
      summary: 'Creates an admin account with a one-time link and logs it in',
      access: 'public',
      body: object({ token: TEXT, user: NAME, password: PASSWORD }),
      answer: SESSION,
      problems: [409, 429],
      handle: async ({ body, response }) =>
        openSession(response, await accounts.useLink(body.token, body.user, body.password, addressOf(response))),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/users',
      summary: 'All accounts',
      access: 'admin',
      answer: list(USER),
      handle: () => accounts.users(),
    }),
    defineRoute<{ name: string; password: string; role: Role }>({
      method: 'post',
      path: '/api/v1/users',
      summary: 'Adds an account',
      access: 'admin',
      body: object({ name: NAME, password: PASSWORD, role: ROLE }),
      answer: USER,
      statuses: [201],
      problems: [409],
      handle: ({ body }) => accounts.addUser(body.name, body.password, body.role),
    }),
    defineRoute({
      method: 'post',
      path: '/api/v1/users/link',
      summary: 'Makes a one-time link that creates an admin account within the hour',
      access: 'admin',
      answer: object({ url: TEXT }),
      handle: () => ({ url: accountLink() }),
    }),
    defineRoute<{ password?: string; role?: Role; rules?: TopicRules }>({
      method: 'put',
      path: '/api/v1/users/{name}',
      summary: 'Changes password, role or topic rules; the first two end its sessions',
      access: 'admin',
      body: object({ password: PASSWORD, role: ROLE, rules: RULES }, ['password', 'role', 'rules']),
      answer: USER,
      problems: [404, 409],
      handle: ({ params, body }) => accounts.changeUser(params['name'] ?? '', body),
    }),
    defineRoute({
      method: 'delete',
      path: '/api/v1/users/{name}',
      summary: 'Removes an account and ends its sessions',
      access: 'admin',
      problems: [404, 409],
      handle: ({ params }) => accounts.removeUser(params['name'] ?? ''),
    }),
    defineRoute({
      method: 'get',
      path: '/api/v1/tokens',
      summary: 'All tokens, without their text',
      access: 'admin',
      answer: list(USER),
      handle: () => accounts.tokens(),
    }),
    defineRoute<{ name: string; role: Role }>({
      method: 'post',
      path: '/api/v1/tokens',
      summary: 'Makes a token for a script; its text is shown this once',
      access: 'admin',
      body: object({ name: NAME, role: ROLE }),
      answer: object({ name: TEXT, role: ROLE, token: TEXT }),
      statuses: [201],
      problems: [409],
      handle: async ({ body }) => ({ ...body, token: await accounts.addToken(body.name, body.role) }),
    }),
    defineRoute({
      method: 'delete',
      path: '/api/v1/tokens/{name}',
      summary: 'Ends a token',
      access: 'admin',
      problems: [404],
      handle: ({ params }) => accounts.removeToken(params['name'] ?? ''),
    }),
  ];
}

const toSession = ({ name, role }: User) => ({ user: name, role });
