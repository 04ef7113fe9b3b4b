/** Works under a name, one after the other; those of different names at once. Where all are of one kind the name is empty. */
export class Turns {
  private readonly tails = new Map<string, Promise<unknown>>()

  /** Resolves and rejects as the work does. Works that have failed stop none that follow. */
  async take<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const done = (this.tails.get(name) ?? Promise.resolve()).then(work)
    const tail = done.catch(() => undefined)
    this.tails.set(name, tail)
    try {
      return await done
    } finally {
      if (this.tails.get(name) === tail) this.tails.delete(name)
    }
  }
}
