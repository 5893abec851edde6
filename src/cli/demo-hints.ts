/** What `start --demo` prints when it is ready: the address, three tokens, three lines to paste. */
import type { DemoAccess, DemoToken } from './demo.ts';

const QUERY =
  'query ($code: String!) { records(first: 1, filter: { items: ["OrganizationPenalty"], subject: { creditCode: $code } }) ' +
  '{ edges { node { documentNumber authority ... on OrganizationPenalty { fineAmount violationFacts legalRepCertNo } } } } }';

export function printDemo(address: string, { tokens, creditCode }: DemoAccess): void {
  const lines = ['', `网关已启动 / the gateway is ready: ${address}`, `浏览器查询工具 / explorer: ${address}/`, ''];
  lines.push('三个接入方的访问令牌，24 小时有效 / tokens of three clients, good for 24 hours:', '');
  for (const { nameZh, kind, token } of tokens) lines.push(`# ${nameZh} ${kind}`, token, '');
  if (creditCode !== null) {
    lines.push('同一个查询，三种答复（legalRepCertNo：原值、不提供、脱敏） / one query, three answers; paste each:', '');
    for (const token of tokens) lines.push(`# ${token.nameZh} ${token.kind}`, curl(address, token, creditCode), '');
  }
  lines.push('停止 / stop: Ctrl-C');
  process.stdout.write(`${lines.join('\n')}\n`);
}

function curl(address: string, { kind, token }: DemoToken, code: string): string {
  const purpose = kind === 'DEPARTMENT' ? ` -H 'X-Purpose: ${encodeURIComponent('行政审批')}' -H 'X-Matter-Number: DEMO-1'` : '';
  const body = JSON.stringify({ query: QUERY, variables: { code } });
  return `curl -s ${address}/graphql -H 'Content-Type: application/json' -H 'Authorization: Bearer ${token}'${purpose} -d '${body}'`;
}
