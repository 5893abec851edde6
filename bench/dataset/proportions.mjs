/** How many subjects go with so many entries, and how the entries fall on the catalog's items (docs/domain.md §13). */

/** 4.95 million organizations : 20.08 million persons : 260 million entries. */
export const ORGANIZATIONS_PER_ENTRY = 4.95 / 260;
export const PERSONS_PER_ENTRY = 20.08 / 260;

/** By type name. The rare lists are as rare as in the region; the shares of the common items are an assumption. */
export const SHARES = {
  OrganizationLicense: 0.28,
  OrganizationPenalty: 0.11,
  ContractPerformance: 0.06,
  SelfDeclaration: 0.03,
  TaxArrears: 0.02,
  PersonLicense: 0.15,
  PersonPenalty: 0.05,
  ProfessionalQualification: 0.06,
  CreditCommitment: 0.12,
  PublicCreditEvaluation: 0.06,
  TaxCreditEvaluation: 0.05,
  DishonestEnforcementEntry: 0.002,
  SeriousDishonestyEntry: 0.0007,
  AbnormalOperationEntry: 0.0002,
  HonestyHonourEntry: 0.00003,
};

/** The organization with the many records (P5) has them of these items. */
export const GIANT = 0;
export const GIANT_RECORDS = 50_000;
export const GIANT_SHARES = { OrganizationLicense: 0.5, OrganizationPenalty: 0.3, ContractPerformance: 0.2 };
