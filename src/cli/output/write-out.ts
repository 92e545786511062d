import { once } from 'node:events'

/**
 * Writes to stdout and waits until it has room again: what a slow reader has not taken is otherwise kept in memory, all of
 * it. @throws where it cannot be written
 */
export async function writeOut(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}
