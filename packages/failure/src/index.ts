export { Failure, type FailureDetails, type FailureKind, type FieldViolation, isFailure } from './failure.ts';
