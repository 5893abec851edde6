/** Filters and orders of DESIGN §4. Ranges are inclusive. */
import { ArgsType, Field, ID, InputType, Int, registerEnumType } from 'type-graphql';
import { DateScalar, DateTimeScalar, DecimalScalar } from '../scalars.ts';
import { EntryStatus, ListNature, OrderDirection, SubjectKind } from './node.ts';

const words = (list: readonly string[]): Record<string, string> => Object.fromEntries(list.map((word) => [word, word]));
const SubjectOrderBy = words(['CREDIT_CODE', 'NAME', 'UPDATED_AT']);
const CreditRecordOrderBy = words(['DECIDED_ON', 'UPDATED_AT', 'AMOUNT']);
const ListEntryOrderBy = words(['LISTED_ON', 'UPDATED_AT']);
const CommitmentOrderBy = words(['COMMITTED_ON', 'UPDATED_AT']);
const EvaluationOrderBy = words(['EVALUATED_ON', 'UPDATED_AT']);
registerEnumType(SubjectOrderBy, { name: 'SubjectOrderBy' });
registerEnumType(CreditRecordOrderBy, { name: 'CreditRecordOrderBy' });
registerEnumType(ListEntryOrderBy, { name: 'ListEntryOrderBy' });
registerEnumType(CommitmentOrderBy, { name: 'CommitmentOrderBy' });
registerEnumType(EvaluationOrderBy, { name: 'EvaluationOrderBy' });

@InputType({ description: '按一种标识查找主体 / names one subject by exactly one of its identifiers' })
export class SubjectLookup {
  @Field(() => ID, { nullable: true })
  id?: string;

  @Field(() => String, { nullable: true, description: '统一社会信用代码 / unified social credit code (GB 32100)' })
  creditCode?: string;

  @Field(() => String, {
    nullable: true,
    description: '公民身份号码等证件号码 / ID number (GB 11643) or other certificate number',
  })
  idNumber?: string;
}

@InputType({ description: '文本条件，多个条件须同时满足 / all given conditions must hold' })
export class TextFilter {
  @Field(() => String, { nullable: true })
  equals?: string;

  @Field(() => String, { nullable: true })
  startsWith?: string;

  @Field(() => String, { nullable: true, description: '至少两个字符 / at least two characters' })
  contains?: string;
}

@InputType()
export class DateRange {
  @Field(() => DateScalar, { nullable: true })
  from?: string;

  @Field(() => DateScalar, { nullable: true })
  to?: string;
}

@InputType()
export class DateTimeRange {
  @Field(() => DateTimeScalar, { nullable: true })
  from?: string;

  @Field(() => DateTimeScalar, { nullable: true })
  to?: string;
}

@InputType()
export class DecimalRange {
  @Field(() => DecimalScalar, { nullable: true })
  from?: string;

  @Field(() => DecimalScalar, { nullable: true })
  to?: string;
}

@InputType()
export class SubjectFilter {
  @Field(() => [String], { nullable: true })
  creditCodes?: string[];

  @Field(() => TextFilter, { nullable: true })
  name?: TextFilter;

  @Field(() => [SubjectKind], { nullable: true })
  kinds?: string[];

  @Field(() => String, {
    nullable: true,
    description: '行政区划代码，含下级：1501 匹配 150100 及以下 / with everything below: 1501 matches 150100 and below',
  })
  divisionCode?: string;

  @Field(() => [String], { nullable: true })
  statuses?: string[];
}

@InputType({ description: '各类信用信息共有的条件 / what all families of entries can be filtered by' })
abstract class EntryFilter {
  @Field(() => [String], { nullable: true, description: '目录代码或接口类型名 / catalog codes or type names' })
  items?: string[];

  @Field(() => SubjectLookup, { nullable: true })
  subject?: SubjectLookup;

  @Field(() => String, { nullable: true })
  documentNumber?: string;

  @Field(() => String, { nullable: true })
  authority?: string;

  @Field(() => EntryStatus, { nullable: true })
  status?: string;

  @Field(() => DateTimeRange, { nullable: true })
  updatedAt?: DateTimeRange;
}

@InputType()
export class CreditRecordFilter extends EntryFilter {
  @Field(() => DateRange, { nullable: true })
  decidedOn?: DateRange;

  @Field(() => DecimalRange, { nullable: true })
  amount?: DecimalRange;
}

@InputType()
export class ListEntryFilter extends EntryFilter {
  @Field(() => [ListNature], { nullable: true })
  natures?: string[];

  @Field(() => String, { nullable: true })
  listName?: string;

  @Field(() => DateRange, { nullable: true })
  listedOn?: DateRange;

  @Field(() => Boolean, { nullable: true, description: '当前在列 / on the list today' })
  listedNow?: boolean;
}

@InputType()
export class CommitmentFilter extends EntryFilter {
  @Field(() => String, { nullable: true })
  kind?: string;

  @Field(() => DateRange, { nullable: true })
  committedOn?: DateRange;

  @Field(() => String, { nullable: true })
  fulfilment?: string;
}

@InputType()
export class EvaluationFilter extends EntryFilter {
  @Field(() => String, { nullable: true })
  grade?: string;

  @Field(() => DateRange, { nullable: true })
  evaluatedOn?: DateRange;
}

const DIRECTION = { description: '默认 DESC / DESC unless told', defaultValue: 'DESC' };

@InputType()
export class SubjectOrder {
  @Field(() => SubjectOrderBy)
  by!: string;

  @Field(() => OrderDirection, DIRECTION)
  direction!: string;
}

@InputType()
export class CreditRecordOrder {
  @Field(() => CreditRecordOrderBy)
  by!: string;

  @Field(() => OrderDirection, DIRECTION)
  direction!: string;
}

@InputType()
export class ListEntryOrder {
  @Field(() => ListEntryOrderBy)
  by!: string;

  @Field(() => OrderDirection, DIRECTION)
  direction!: string;
}

@InputType()
export class CommitmentOrder {
  @Field(() => CommitmentOrderBy)
  by!: string;

  @Field(() => OrderDirection, DIRECTION)
  direction!: string;
}

@InputType()
export class EvaluationOrder {
  @Field(() => EvaluationOrderBy)
  by!: string;

  @Field(() => OrderDirection, DIRECTION)
  direction!: string;
}

@ArgsType()
abstract class PageArguments {
  @Field(() => Int, { nullable: true, defaultValue: 50, description: '每页条数，至多 1000 / page size, at most 1000' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: '上一页的 endCursor / the endCursor of the page before' })
  after?: string;
}

@ArgsType()
export class SubjectsArguments extends PageArguments {
  @Field(() => SubjectFilter, { nullable: true })
  filter?: SubjectFilter;

  @Field(() => SubjectOrder, { nullable: true })
  orderBy?: SubjectOrder;
}

@ArgsType()
export class CreditRecordsArguments extends PageArguments {
  @Field(() => CreditRecordFilter, { nullable: true })
  filter?: CreditRecordFilter;

  @Field(() => CreditRecordOrder, { nullable: true })
  orderBy?: CreditRecordOrder;
}

@ArgsType()
export class ListEntriesArguments extends PageArguments {
  @Field(() => ListEntryFilter, { nullable: true })
  filter?: ListEntryFilter;

  @Field(() => ListEntryOrder, { nullable: true })
  orderBy?: ListEntryOrder;
}

@ArgsType()
export class CommitmentsArguments extends PageArguments {
  @Field(() => CommitmentFilter, { nullable: true })
  filter?: CommitmentFilter;

  @Field(() => CommitmentOrder, { nullable: true })
  orderBy?: CommitmentOrder;
}

@ArgsType()
export class EvaluationsArguments extends PageArguments {
  @Field(() => EvaluationFilter, { nullable: true })
  filter?: EvaluationFilter;

  @Field(() => EvaluationOrder, { nullable: true })
  orderBy?: EvaluationOrder;
}
