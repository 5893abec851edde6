export { citizenIdNumberOfOld, isCitizenIdNumber, isOldCitizenIdNumber } from './citizen-id-number.ts';
export {
  certificateIdentifier,
  halfWidth,
  normalizeIdentifier,
  organizationIdentifier,
  personIdentifier,
  subjectIdentifier,
  type SubjectIdentifier,
} from './subject-identifier.ts';
export { subjectKindOfCode, type SubjectKind } from './subject-kind.ts';
export { isUnifiedSocialCreditCode } from './unified-social-credit-code.ts';
