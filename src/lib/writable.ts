/** Of what is put together member by member, before anybody else sees it. */
export type Writable<T> = { -readonly [K in keyof T]: T[K] }
