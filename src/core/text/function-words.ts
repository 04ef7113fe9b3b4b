/**
 * English words that carry little of a question's subject: articles, pronouns, prepositions, auxiliaries and question words, and the
 * pieces that apostrophes leave ("don't" is `don` and `t`). Lower case. Two questions that share only these share nothing.
 */
export const FUNCTION_WORDS: readonly string[] = Object.freeze(
  (
    'a an the is are was were be been am do does did of to in on for with at by from and or i you he she it we they my your his her its our ' +
    'their me him us them this that these those there what which who whom how when where why can could should would will shall may might ' +
    'must have has had s t re m ve d ll if as so not no than then about into'
  ).split(' '),
)
