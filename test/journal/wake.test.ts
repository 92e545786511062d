import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { DirectoryWake } from '#store/journal/wake.ts'
import { temporaryDirectory } from './journals.ts'
import { turn, VirtualTime } from './virtual-time.ts'

/** Whether Linux tells this process what happens in a directory. */
function isWatched(directory: string): boolean {
  const inode = statSync(directory).ino.toString(16)
  const open = readdirSync('/proc/self/fdinfo').flatMap((fd) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').split('\n')
    } catch {
      return []
    }
  })
  return open.some((line) => line.startsWith('inotify wd:') && line.includes(` ino:${inode} `))
}

/** A watch does not keep the process, and virtual time does not either. */
function started(t: TestContext, directory: string) {
  const time = new VirtualTime()
  const wake = new DirectoryWake(directory, time)
  const alive = setInterval(() => undefined, 1_000)
  t.after(() => {
    wake.close()
    clearInterval(alive)
  })
  return { time, wake, write: () => appendFileSync(join(directory, 'segment'), 'x') }
}

test('a writer that writes a lot is looked at now and then instead of having to tell', async (t) => {
  const directory = temporaryDirectory(t)
  const { time, wake, write } = started(t, directory)
  await wake.next()
  let told = 0
  for (; isWatched(directory); told += 1) {
    write()
    await wake.next()
    // The system forgets a watch once it has said all that it had to say.
    await turn()
  }
  assert.ok(told > 20, `only ${told} changes were told`)

  const last = wake.next()
  await time.pass(10)
  await last
  let seen = false
  const look = wake.next().then(() => {
    seen = true
  })
  write()
  await time.pass(4)
  assert.equal(seen, false, 'somebody told')
  await time.pass(1)
  await look

  // While something is found it goes on so; after that, what is written is told again.
  for (let looks = 0; looks < 100; looks += 1) {
    const next = wake.next()
    await time.pass(10)
    await next
    wake.found()
  }
  assert.equal(isWatched(directory), false)
  for (let looks = 0; !isWatched(directory); looks += 1) {
    assert.ok(looks < 200, 'it is never watched again')
    const next = wake.next()
    await time.pass(10)
    await next
  }
  await wake.next()
  const next = wake.next()
  write()
  await next
})

test('a few writes a second are told at once, however long it goes on', async (t) => {
  const directory = temporaryDirectory(t)
  const { time, wake, write } = started(t, directory)
  await wake.next()
  for (let written = 0; written < 100; written += 1) {
    write()
    await wake.next()
    await time.pass(100)
  }
  assert.equal(isWatched(directory), true)
})

test('a directory that was put in the place of the one watched is watched from what is found in it on', async (t) => {
  const parent = temporaryDirectory(t)
  for (const replaced of ['journal', '.']) {
    const directory = join(parent, 'data', 'journal')
    mkdirSync(directory, { recursive: true })
    const { time, wake, write } = started(t, directory)
    await wake.next()
    renameSync(join(parent, 'data', replaced), join(parent, `old-${replaced === '.' ? 'data' : replaced}`))
    mkdirSync(directory, { recursive: true })
    // Being renamed is told where it is the directory itself, and nothing is found for it.
    for (let turns = 0; turns < 10; turns += 1) await turn()
    for (let looks = 0; looks < 2; looks += 1) {
      const next = wake.next()
      await time.pass(250)
      await next
    }
    assert.equal(isWatched(directory), false)
    write()
    const look = wake.next()
    await time.pass(250)
    await look
    wake.found()
    assert.equal(isWatched(directory), true)
    await wake.next()
    const told = wake.next()
    write()
    await told
    wake.found()
    assert.equal(isWatched(directory), true, 'what was told is watched on')
    wake.close()
  }
})
