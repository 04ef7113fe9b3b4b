/** An actor as it is seen from outside. */
export type KnownActor = { readonly id: string; readonly isAlive: boolean; readonly parent: KnownActor | undefined }

/** Nobody lives on whose parent has ended. */
export function orphansAmong(actors: Iterable<KnownActor>): string | undefined {
  for (const { id, isAlive, parent } of actors)
    if (isAlive && parent?.isAlive === false) return `${id} lives on, and ${parent.id} above it has ended`
  return undefined
}

/** Nobody lives in a system that has stopped. */
export function livingAmong(actors: Iterable<KnownActor>): string | undefined {
  for (const { id, isAlive } of actors) if (isAlive) return `${id} lives on in a system that has stopped`
  return undefined
}
