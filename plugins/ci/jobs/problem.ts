import { HubError } from 'cupboard/sdk';

/** One thing wrong with the definitions. */
export interface DefinitionProblem {
  /** Relative to the folder of definitions, or `.cupboard-ci.yaml`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly job?: string;
  readonly message: string;
}

/** `lamp.yaml:12: job unit: timeout: expected an integer of 1 or more, got "soon"`. */
export function problemText({ file, line, job, message }: DefinitionProblem): string {
  return `${file}:${line}: ${job === undefined ? '' : `job ${job}: `}${message}`;
}

/** More are of no use to anyone: the first ones explain the rest. */
const MAX_PROBLEMS = 50;
const MAX_MESSAGE = 400;

const shorten = (text: string) => (text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}...` : text);

/** Definitions that cannot be used; carries every problem found, not just the first. Code `definitions_invalid`. */
export class DefinitionsError extends HubError {
  readonly problems: readonly DefinitionProblem[];

  constructor(problems: readonly DefinitionProblem[]) {
    const shown = problems.slice(0, MAX_PROBLEMS).map((each) => ({ ...each, message: shorten(each.message) }));
    super('definitions_invalid', shown.map(problemText).join('\n'));
    this.problems = shown;
  }
}

/** What a definition is refused for; whoever knows the file and line makes a problem of it. */
export class Refusal extends Error {
  constructor(
    message: string,
    /** Dotted, below the definition: `builders.0.shell`. */
    readonly path = '',
  ) {
    super(message);
  }
}
