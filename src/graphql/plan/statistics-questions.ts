/** What the `statistics` roots of an operation ask for, all of them at once: their small numbers are controlled together. */
import { getArgumentValues, isObjectType } from 'graphql';
import type { FieldNode, FragmentDefinitionNode, GraphQLResolveInfo } from 'graphql';
import { z } from 'zod';
import { DIVISION_LEVELS } from '../../statistics/index.ts';
import type { DivisionLevel, Question, StatisticsFilter, Wants } from '../../statistics/index.ts';
import { collectSelections, selectionsBelow } from './collect-selections.ts';
import type { Occurrence, SelectionContext } from './collect-selections.ts';

const text = z.string().nullish();
const SUBJECT_KINDS = [
  'ENTERPRISE',
  'SOLE_TRADER',
  'COOPERATIVE',
  'PUBLIC_INSTITUTION',
  'GOVERNMENT_BODY',
  'SOCIAL_ORGANIZATION',
  'OTHER_ORGANIZATION',
  'NATURAL_PERSON',
] as const;

const RootArguments = z.object({
  filter: z
    .object({
      items: z.array(z.string()).nullish(),
      divisionCode: text,
      months: z.object({ from: text, to: text }).nullish(),
      kinds: z.array(z.enum(SUBJECT_KINDS)).nullish(),
    })
    .nullish(),
});
const LevelArgument = z.object({ level: z.enum(DIVISION_LEVELS) });

/** Response key of each `statistics` root -> its question. */
export function statisticsQuestions(info: GraphQLResolveInfo): Map<string, Question> {
  const fragments = new Map<string, FragmentDefinitionNode>(Object.entries(info.fragments));
  const context: SelectionContext = { fragments, variables: info.variableValues };
  const roots = collectSelections(context, new Set(['Query']), [
    { selectionSet: info.operation.selectionSet, parentType: 'Query' },
  ]);
  const questions = new Map<string, Question>();
  for (const [key, places] of roots) {
    const node = places[0]?.node;
    if (node?.name.value !== 'statistics') continue;
    const { filter } = RootArguments.parse(argumentsOf(info, 'Query', node));
    questions.set(key, { filter: filterOf(filter), wants: wantsOf(info, context, places) });
  }
  return questions;
}

function filterOf(filter: z.infer<typeof RootArguments>['filter']): StatisticsFilter {
  return {
    items: filter?.items ?? null,
    divisionCode: filter?.divisionCode ?? null,
    from: filter?.months?.from ?? null,
    to: filter?.months?.to ?? null,
    kinds: filter?.kinds ?? null,
  };
}

function wantsOf(info: GraphQLResolveInfo, context: SelectionContext, root: readonly Occurrence[]): Wants {
  const fields = below(context, root, 'Statistics');
  const named = (name: string): Occurrence[] => fields.filter(({ node }) => node.name.value === name);
  const subjects = below(context, named('subjects'), 'SubjectStatistics');
  const entries = below(context, named('entries'), 'EntryStatistics');
  const has = (among: readonly Occurrence[], name: string): boolean => among.some(({ node }) => node.name.value === name);
  const levels = (among: readonly Occurrence[], type: string): Set<DivisionLevel> =>
    new Set(
      among
        .filter(({ node }) => node.name.value === 'byDivision')
        .map(({ node }) => LevelArgument.parse(argumentsOf(info, type, node)).level),
    );
  return {
    subjects: has(fields, 'subjects'),
    subjectKinds: has(subjects, 'byKind'),
    subjectStatuses: has(subjects, 'byStatus'),
    subjectDivisions: levels(subjects, 'SubjectStatistics'),
    entries: has(fields, 'entries'),
    entryMonths: has(entries, 'byMonth'),
    entryDivisions: levels(entries, 'EntryStatistics'),
    lists: has(fields, 'lists'),
    commitments: has(fields, 'commitments'),
    grades: has(fields, 'grades'),
    timeliness: has(fields, 'timeliness'),
    reads: has(fields, 'queries'),
  };
}

/** Every field selected below, under whatever alias. */
function below(context: SelectionContext, places: readonly Occurrence[], type: string): Occurrence[] {
  return [...collectSelections(context, new Set([type]), selectionsBelow(places, type)).values()].flat();
}

function argumentsOf(info: GraphQLResolveInfo, typeName: string, node: FieldNode): Record<string, unknown> {
  const type = info.schema.getType(typeName);
  const definition = isObjectType(type) ? type.getFields()[node.name.value] : undefined;
  if (definition === undefined) throw new Error(`Validation let an unknown field through: ${typeName}.${node.name.value}`);
  return getArgumentValues(definition, node, info.variableValues);
}
