/** The check itself: everything that the department may see about one subject, to the last page. */
import type { AccessLine, CreditGateway, Matter } from './credit-gateway.ts';
import { ApprovalCheckDocument } from './operations.ts';
import type { ApprovalCheckQuery, ApprovalCheckQueryVariables, SubjectLookup } from './operations.ts';

type Subject = NonNullable<ApprovalCheckQuery['subject']>;
type Nodes<Family extends 'listEntries' | 'records' | 'commitments' | 'evaluations'> = Subject[Family]['edges'][number]['node'][];

export interface Found {
  /** null: there is no such subject, or none that this client may look up */
  readonly subject: Pick<Subject, 'name' | 'creditCode' | 'kind' | 'registered' | 'status'> | null;
  readonly listEntries: Nodes<'listEntries'>;
  readonly records: Nodes<'records'>;
  readonly commitments: Nodes<'commitments'>;
  readonly evaluations: Nodes<'evaluations'>;
  /** what of it was withheld or masked, a line per field */
  readonly access: readonly AccessLine[];
  readonly catalogVersion: number;
  /** the query whose use is to be reported */
  readonly queryId: string;
}

export async function checkSubject(gateway: CreditGateway, lookup: SubjectLookup, matter: Matter | undefined): Promise<Found> {
  const first = await gateway.ask(ApprovalCheckDocument, { subject: lookup }, matter);
  const found = { listEntries: [], records: [], commitments: [], evaluations: [] } as Pick<
    Found,
    'listEntries' | 'records' | 'commitments' | 'evaluations'
  >;
  const access = new Map<string, AccessLine>();
  let after: Omit<ApprovalCheckQueryVariables, 'subject'> = {};
  let answer = first;
  for (;;) {
    for (const line of answer.access) {
      const key = [line.coordinate, line.item, line.outcome, line.required, line.reason].join(' ');
      access.set(key, { ...line, count: line.count + (access.get(key)?.count ?? 0) });
    }
    const subject = answer.data.subject;
    if (subject === null) break;
    const { listEntries, records, commitments, evaluations } = subject;
    found.listEntries.push(...listEntries.edges.map(({ node }) => node));
    found.records.push(...records.edges.map(({ node }) => node));
    found.commitments.push(...commitments.edges.map(({ node }) => node));
    found.evaluations.push(...evaluations.edges.map(({ node }) => node));
    if (![listEntries, records, commitments, evaluations].some(({ pageInfo }) => pageInfo.hasNextPage)) break;
    // A family that has come to its end is asked again from its end, and adds nothing.
    after = {
      listEntriesAfter: listEntries.pageInfo.endCursor ?? after.listEntriesAfter,
      recordsAfter: records.pageInfo.endCursor ?? after.recordsAfter,
      commitmentsAfter: commitments.pageInfo.endCursor ?? after.commitmentsAfter,
      evaluationsAfter: evaluations.pageInfo.endCursor ?? after.evaluationsAfter,
    };
    answer = await gateway.ask(ApprovalCheckDocument, { subject: lookup, ...after }, matter);
  }
  return {
    ...found,
    subject: first.data.subject,
    access: [...access.values()],
    catalogVersion: first.catalogVersion,
    queryId: first.requestId,
  };
}
