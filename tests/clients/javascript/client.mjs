// Performs the operations of a typical administration script with the published client of the Orchestration Cluster API. The
// client validates each request and each response against its own schemas. Prints `done` at the end; any failure terminates the
// program with an error.
//
// The client is configured through the environment: CAMUNDA_REST_ADDRESS, CAMUNDA_BASIC_AUTH_USERNAME and so on.

import assert from 'node:assert/strict';
import { createCamundaClient } from '@camunda8/orchestration-cluster-api';

const client = createCamundaClient({ config: { CAMUNDA_SDK_VALIDATION: 'req:strict,res:strict' } });
const now = { consistency: { waitUpToMs: 0 } };
const found = async (search, id, value) => {
  const { items, page } = await search;
  assert.ok(items.some((item) => item[id] === value), `${value} is not found`);
  assert.ok(page.totalItems >= 1);
};

const me = await client.getAuthentication();
assert.equal(me.username, 'demo');
assert.deepEqual([...me.roles], ['admin']);
assert.equal((await client.getTopology()).clusterSize, 1);
assert.equal((await client.getLicense()).validLicense, true);

// The operation IDs are those of the public document and equal the method names of the client. This client lacks one method.
const document = await (await fetch(`${process.env.CAMUNDA_REST_ADDRESS}/api/openapi.json`)).json();
const operations = Object.entries(document.paths)
  .filter(([path]) => path.startsWith('/v2/'))
  .flatMap(([, methods]) => Object.values(methods).map((method) => method.operationId))
  .filter(Boolean);
assert.ok(operations.length > 70);
const unknown = operations.filter((operation) => typeof client[operation] !== 'function');
assert.deepEqual(unknown, ['searchOwnAuthorizations']);

await client.createUser({ username: 'js-user', password: 'secret', name: 'Js', email: 'js@example.org' });
await client.updateUser({ username: 'js-user', name: 'User', email: 'user@example.org' });
assert.equal((await client.getUser({ username: 'js-user' }, now)).name, 'User');
await found(client.searchUsers({ filter: { username: { $like: 'js*' } } }, now), 'username', 'js-user');
assert.equal((await client.searchUsers({ filter: { username: 'js-nobody' } }, now)).items.length, 0);

await client.createGroup({ groupId: 'js-group', name: 'Group' });
await client.assignUserToGroup({ groupId: 'js-group', username: 'js-user' });
await found(client.searchUsersForGroup({ groupId: 'js-group' }, now), 'username', 'js-user');

await client.createRole({ roleId: 'js-role', name: 'Role' });
await client.assignRoleToGroup({ roleId: 'js-role', groupId: 'js-group' });
await found(client.searchRoles({ sort: [{ field: 'name', order: 'DESC' }] }, now), 'roleId', 'js-role');

await client.createTenant({ tenantId: 'js-tenant', name: 'Tenant' });
await found(client.searchTenants({}, now), 'tenantId', 'js-tenant');
await found(client.searchGroups({ filter: { groupId: { $in: ['js-group'] } } }, now), 'groupId', 'js-group');

await client.createMappingRule({ mappingRuleId: 'js-rule', claimName: 'js', claimValue: 'yes', name: 'Rule' });
assert.equal((await client.getMappingRule({ mappingRuleId: 'js-rule' }, now)).claimValue, 'yes');
await found(client.searchMappingRule({ filter: { claimName: 'js' } }, now), 'mappingRuleId', 'js-rule');

const { authorizationKey } = await client.createAuthorization({
  ownerId: 'js-role',
  ownerType: 'ROLE',
  resourceId: '*',
  resourceType: 'PROCESS_DEFINITION',
  permissionTypes: ['READ_PROCESS_DEFINITION'],
});
assert.equal((await client.getAuthorization({ authorizationKey }, now)).ownerId, 'js-role');
await found(client.searchAuthorizations({ filter: { ownerId: 'js-role' } }, now), 'authorizationKey', authorizationKey);
const { items: log } = await client.searchAuditLogs(
  { filter: { entityType: 'AUTHORIZATION', relatedEntityKey: 'js-role' } }, now,
);
assert.equal(log.length, 1);

await assert.rejects(client.createGroup({ groupId: 'js-group', name: 'Again' }), { status: 409 });

await client.deleteAuthorization({ authorizationKey });
await client.deleteMappingRule({ mappingRuleId: 'js-rule' });
await client.deleteTenant({ tenantId: 'js-tenant' });
await client.deleteRole({ roleId: 'js-role' });
await client.deleteGroup({ groupId: 'js-group' });
await client.deleteUser({ username: 'js-user' });
await assert.rejects(client.getUser({ username: 'js-user' }, now), { status: 404 });
console.log('done');
process.exit(0);
