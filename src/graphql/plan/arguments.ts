/** Arguments of DESIGN §4 as the executor coerces them, parsed into what a read needs. */
import { z } from 'zod';

const text = z.string();
const optionalText = text.nullish();
const range = z.object({ from: optionalText, to: optionalText }).nullish();

export const Lookup = z.object({ id: optionalText, creditCode: optionalText, idNumber: optionalText });
export type Lookup = z.infer<typeof Lookup>;

const Order = z.object({ by: text, direction: z.enum(['ASC', 'DESC']).default('DESC') }).nullish();

/** Every filter of the API at once: GraphQL has already refused what does not belong to the field at hand. */
export const Filter = z
  .object({
    items: z.array(text).nullish(),
    subject: Lookup.nullish(),
    documentNumber: optionalText,
    authority: optionalText,
    status: optionalText,
    updatedAt: range,
    decidedOn: range,
    amount: range,
    natures: z.array(text).nullish(),
    listName: optionalText,
    listedOn: range,
    listedNow: z.boolean().nullish(),
    kind: optionalText,
    committedOn: range,
    fulfilment: optionalText,
    grade: optionalText,
    evaluatedOn: range,
    creditCodes: z.array(text).nullish(),
    name: z.object({ equals: optionalText, startsWith: optionalText, contains: optionalText }).nullish(),
    kinds: z.array(text).nullish(),
    divisionCode: optionalText,
    statuses: z.array(text).nullish(),
  })
  .nullish();
export type Filter = NonNullable<z.infer<typeof Filter>>;

export const PageArguments = z.object({
  filter: Filter,
  orderBy: Order,
  first: z
    .number()
    .nullish()
    .transform((value) => value ?? 50),
  after: optionalText,
});
export type PageArguments = z.infer<typeof PageArguments>;

export const ChangesArguments = PageArguments.pick({ first: true, after: true }).extend({ items: z.array(text).nullish() });

/** Rows that one page may hold (DESIGN §4). */
export const MAX_PAGE = 1_000;
