/** What can be in a crowd: one at a time. */
export interface Member {
  /** Where in it, kept by the crowd; -1 while it is in none. */
  place: number
}

/** A set for members that come and go all the time, in no order. Why not a `Set`: docs/decisions/0162. */
export class Crowd<One extends Member> {
  readonly #members: One[] = []

  get size(): number {
    return this.#members.length
  }

  add(member: One): void {
    if (member.place !== -1) return
    member.place = this.#members.length
    this.#members.push(member)
  }

  /** Harmless where it is not there. */
  remove(member: One): void {
    const { place } = member
    if (place === -1) return
    member.place = -1
    const last = this.#members.pop()
    if (last === undefined || last === member) return
    this.#members[place] = last
    last.place = place
  }

  /** Those who are there now, whoever comes or goes meanwhile. */
  all(): readonly One[] {
    return [...this.#members]
  }
}
