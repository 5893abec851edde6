import { Field, ID, InterfaceType, ObjectType, registerEnumType } from 'type-graphql';

/** Turns a list of words into the object that `registerEnumType` wants. */
function wordsOf<Word extends string>(words: readonly Word[]): Record<string, Word> {
  return Object.fromEntries(words.map((word) => [word, word]));
}

export const SubjectKind = wordsOf([
  'ENTERPRISE',
  'SOLE_TRADER',
  'COOPERATIVE',
  'PUBLIC_INSTITUTION',
  'GOVERNMENT_BODY',
  'SOCIAL_ORGANIZATION',
  'OTHER_ORGANIZATION',
  'NATURAL_PERSON',
]);
export const EntryStatus = wordsOf(['ACTIVE', 'REPAIRED', 'WITHDRAWN']);
export const ListNature = wordsOf(['RED', 'BLACK', 'WATCH']);
export const OrderDirection = wordsOf(['ASC', 'DESC']);

registerEnumType(SubjectKind, {
  name: 'SubjectKind',
  description: '信用主体类型 / kind of subject',
  valuesConfig: {
    ENTERPRISE: { description: '企业' },
    SOLE_TRADER: { description: '个体工商户' },
    COOPERATIVE: { description: '农民专业合作社' },
    PUBLIC_INSTITUTION: { description: '事业单位' },
    GOVERNMENT_BODY: { description: '机关' },
    SOCIAL_ORGANIZATION: { description: '社会组织' },
    OTHER_ORGANIZATION: { description: '其他组织' },
    NATURAL_PERSON: { description: '自然人' },
  },
});
registerEnumType(EntryStatus, {
  name: 'EntryStatus',
  description: '信用信息状态 / state of an entry',
  valuesConfig: {
    ACTIVE: { description: '有效 / in force' },
    REPAIRED: { description: '信用修复：停止公示与共享 / repaired: no longer published or shared' },
    WITHDRAWN: { description: '撤销 / withdrawn by its authority' },
  },
});
registerEnumType(ListNature, {
  name: 'ListNature',
  description: '名单性质 / nature of a list',
  valuesConfig: { RED: { description: '红名单' }, BLACK: { description: '黑名单' }, WATCH: { description: '重点关注' } },
});
registerEnumType(OrderDirection, { name: 'OrderDirection', description: '排序方向 / direction of an order' });

@InterfaceType('Node', { autoRegisterImplementations: false, description: '具有全局标识的对象 / an object with a global id' })
export abstract class Node {
  @Field(() => ID, { description: '全局标识，不透明 / global id, opaque' })
  id!: string;
}

@ObjectType({ description: '分页信息 / about the page (Relay cursor connections)' })
export class PageInfo {
  @Field(() => Boolean)
  hasNextPage!: boolean;

  @Field(() => Boolean)
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true })
  startCursor!: string | null;

  @Field(() => String, { nullable: true })
  endCursor!: string | null;
}
