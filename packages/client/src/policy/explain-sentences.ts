import type { Question } from './decide.ts';
import type { ConditionEvidence, Evidence, Explanation } from './explanation.ts';
import { EVERYWHERE } from './scope.ts';

/** What ids are called, for people. An id that a function does not know it gives back. */
export interface Names {
  role(roleId: string): string;
  grant(grantId: string): string;
}

/** Says in English why a question was answered as it was: the answer first, then what it was made of, then the facts. */
export function toSentences(explanation: Explanation, question: Question, names: Names): readonly string[] {
  const about = question.resource === EVERYWHERE ? '' : ` on ${question.resource}`;
  const asked = `${question.permission}${about}`;
  switch (explanation.kind) {
    case 'allowed':
      return [`Allowed: ${asked}.`, ...told(explanation.evidence, names)];
    case 'denied':
      return [
        `Denied: ${asked}, ${byRule(explanation.undetermined, explanation.evidence)}.`,
        ...told(explanation.evidence, names),
      ];
    case 'condition':
      return [`Denied: ${asked}. A condition does not hold.`, ...told(explanation.evidence, names)];
    case 'not_in_force':
      return [`Denied: ${asked}. ${standing(explanation.evidence, names)}`, ...told(explanation.evidence, names)];
    case 'out_of_scope':
      return [
        `Denied: ${asked}. ${grantOf(explanation.evidence, names)} is for ${explanation.evidence.grant.scope} only.`,
        ...told(explanation.evidence, names),
      ];
    case 'not_held':
      return [`Denied: ${asked}. No role that was granted holds it.`];
    default:
      return explanation satisfies never;
  }
}

function byRule(undetermined: string, evidence: Evidence): string {
  if (undetermined !== '') return 'by a rule that could not be ruled out';
  const isCertain = evidence.conditions.every(({ outcome }) => outcome === 'true');
  return isCertain ? 'by a rule that denies it' : 'by a rule that denies it whenever another allows it';
}

function told(evidence: Evidence, names: Names): readonly string[] {
  const { grant, path, heldName, effect } = evidence;
  const where = grant.scope === EVERYWHERE ? 'everywhere' : `on ${grant.scope}`;
  const roles = path.map((id) => names.role(id));
  const holder = roles.at(-1) ?? '';
  const way = roles.length > 1 ? ` (${roles.join(' > ')})` : '';
  const verb = effect === 'allow' ? 'allows' : 'denies';
  return [
    `${grantOf(evidence, names)} gives ${roles[0]} ${where}, and ${holder}${way} ${verb} ${heldName}.`,
    ...evidence.conditions.map(conditionSentence),
  ];
}

function grantOf({ grant }: Evidence, names: Names): string {
  return `The grant ${names.grant(grant.id)}`;
}

function standing(evidence: Evidence, names: Names): string {
  const { grant } = evidence;
  const subject = grantOf(evidence, names);
  switch (evidence.standing) {
    case 'in_force':
      return `${subject} is in force.`;
    case 'suspended':
      return `${subject} is suspended.`;
    case 'pending':
      return `${subject} waits for approval.`;
    case 'not_yet_valid':
      return `${subject} begins at ${new Date(grant.validFromMs).toISOString()}.`;
    case 'expired':
      return `${subject} ended at ${new Date(grant.validUntilMs).toISOString()}.`;
    default:
      return evidence.standing satisfies never;
  }
}

function conditionSentence({ of, source, outcome, why, facts }: ConditionEvidence): string {
  const looked = facts.map(({ name, value }) => `${name} = ${value}`).join(', ');
  const found = outcome === 'undetermined' ? `could not be evaluated: ${why}` : `is ${outcome}.`;
  return `The condition of the ${of}, ${source}, ${found}${looked ? ` It looked at ${looked}.` : ''}`;
}
