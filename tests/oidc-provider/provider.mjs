// An OpenID provider for tests, based on the certified `oidc-provider`. Configured by one line of JSON on stdin:
//
//   port           port on 127.0.0.1; 0 or absent: a free port
//   clients        client metadata (names as in OpenID Connect Registration), plus `claims`: additional claims of the tokens
//                  that the client obtains for itself
//   users          sub -> claims in ID tokens, userinfo responses and JWT access tokens; any password is accepted
//   audience       audience of access tokens for requests without `resource`; absent: they are opaque and valid for userinfo
//   accessTokenTtl lifetime of access tokens in seconds; default: 300
//   mutualTls      {key, cert, ca} in PEM: a second listener, over TLS, that requests client certificates issued by `ca` and
//                  identifies clients by `tls_client_auth_subject_dn`. Discovery lists it in `mtls_endpoint_aliases` (RFC 8705 §5)
//
// Clients with `private_key_jwt` authentication have `jwks`. Refresh tokens rotate; reuse of a refresh token revokes its grant.
// `resource=urn:audience:NAME` requests a JWT access token for the audience NAME; any other resource is itself the audience.
// Prints {"issuer": …, "port": …, "mutualTlsPort": …} once it listens. Exits when stdin closes, so that it never outlives its test.
//
//   POST /test/rotate-keys      sign with a new key; older keys stay published
//   POST /test/withdraw-keys    publish only the newest key
//   POST /test/down, /test/up   start or stop responding with 503 to all other requests

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

console.info = console.error; // the library's messages: stdout is reserved for the one line

const AUDIENCE = 'urn:audience:';

const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit());
process.on('SIGTERM', () => process.exit());
const [line] = await once(lines, 'line');
const { port = 0, clients = [], users = {}, audience, accessTokenTtl = 300, mutualTls } = JSON.parse(line);

const clientClaims = new Map(clients.map(({ client_id, claims }) => [client_id, claims]));
const userClaims = new Map(Object.entries(users));
const claimNames = new Set(Object.values(users).flatMap(Object.keys));

function metadata({ claims, ...client }) {
  const byBrowser = client.redirect_uris !== undefined;
  const grant_types = [
    ...(byBrowser ? ['authorization_code', 'refresh_token'] : []),
    ...(client.token_endpoint_auth_method === 'none' ? [] : ['client_credentials']),
  ];
  return { redirect_uris: [], response_types: byBrowser ? ['code'] : [], grant_types, ...client };
}

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'RS256', use: 'sig' };
}

/** Grants all requested scopes and resources without a consent page. */
async function grantEverything({ oidc }) {
  const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope([...oidc.requestParamScopes].join(' '));
  for (const resource of Object.keys(oidc.resourceServers)) grant.addResourceScope(resource, '');
  await grant.save();
  return grant;
}

/** The subject in RFC 4514 notation. Node.js separates its parts by line breaks, in reverse order. */
const subjectOf = (certificate) => certificate.subject.split('\n').reverse().join(',');

const configuration = {
  clients: clients.map(metadata),
  clientAuthMethods: [
    ...['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'], ...(mutualTls ? ['tls_client_auth'] : []),
  ],
  cookies: { keys: [randomUUID()] },
  scopes: ['openid', 'offline_access', 'profile', 'email'],
  claims: { openid: ['sub', ...claimNames] },
  conformIdTokenClaims: false,
  findAccount: (_, sub) => userClaims.has(sub) && { accountId: sub, claims: () => ({ ...userClaims.get(sub), sub }) },
  extraTokenClaims: (_, token) =>
    token.kind === 'ClientCredentials' ? clientClaims.get(token.clientId) : userClaims.get(token.accountId),
  issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  loadExistingGrant: grantEverything,
  ttl: { AccessToken: accessTokenTtl, ClientCredentials: accessTokenTtl },
  features: {
    backchannelLogout: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    mTLS: {
      enabled: mutualTls !== undefined,
      tlsClientAuth: true,
      getCertificate: ({ socket }) => socket.getPeerX509Certificate?.()?.toString(),
      certificateAuthorized: ({ socket }) => socket.authorized,
      certificateSubjectMatches: ({ socket }, property, expected) =>
        property === 'tls_client_auth_subject_dn' && subjectOf(socket.getPeerX509Certificate()) === expected,
    },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience && AUDIENCE + audience,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => ({
        audience: resource.startsWith(AUDIENCE) ? resource.slice(AUDIENCE.length) : resource,
        scope: '',
        accessTokenTTL: accessTokenTtl,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  // Omits the library's dispatcher, which rejects loopback addresses: back-channel logout requests go to such an address.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
};

const server = createServer();
await once(server.listen(port, '127.0.0.1'), 'listening');
const bound = server.address().port;
const issuer = `http://127.0.0.1:${bound}`;

let mutualTlsPort;
if (mutualTls) {
  const tls = createTlsServer({ ...mutualTls, requestCert: true, rejectUnauthorized: false }, (...exchange) => serve(...exchange));
  await once(tls.listen(0, '127.0.0.1'), 'listening');
  mutualTlsPort = tls.address().port;
  const at = (path) => `https://127.0.0.1:${mutualTlsPort}${path}`;
  configuration.discovery = {
    mtls_endpoint_aliases: { token_endpoint: at('/token'), revocation_endpoint: at('/token/revocation'), userinfo_endpoint: at('/me') },
  };
}

let keys = [newKey()];
let down = false;
let serve;

/** Replaces the provider, because its keys are fixed. Sessions and tokens are stored outside of it and stay valid. */
function publish(next) {
  keys = next;
  const provider = new Provider(issuer, { ...configuration, jwks: { keys } });
  for (const event of ['authorization.error', 'grant.error', 'server_error']) {
    provider.on(event, (_, { message, error_detail }) => console.error(`${event}: ${message}: ${error_detail}`));
  }
  serve = provider.callback();
}

const controls = {
  '/test/rotate-keys': () => publish([newKey(), ...keys]),
  '/test/withdraw-keys': () => publish(keys.slice(0, 1)),
  '/test/down': () => { down = true; },
  '/test/up': () => { down = false; },
};

publish(keys);
server.on('request', (request, response) => {
  const control = request.method === 'POST' && controls[request.url];
  if (control) {
    control();
    response.writeHead(204).end();
  } else if (down) {
    response.writeHead(503).end();
  } else {
    serve(request, response);
  }
});
console.log(JSON.stringify({ issuer, port: bound, mutualTlsPort }));
