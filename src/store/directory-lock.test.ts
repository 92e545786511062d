import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, it, type TestContext } from 'node:test'
import { lockDirectory } from './directory-lock.ts'

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(`${tmpdir()}/tollgate-lock-`)
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

describe('directory lock', () => {
  it('is one for all, and free again after release', async (t) => {
    const directory = temporaryDirectory(t)
    const lock = await lockDirectory(directory, { nowMs: 0, address: 'http://127.0.0.1:4000' })
    await assert.rejects(lockDirectory(directory, { nowMs: 0 }), {
      code: 'directory_locked',
      message: new RegExp(`in use by process ${process.pid} on .* at http://127.0.0.1:4000 since 1970-`),
    })
    // The failed try must not have let go of it.
    await assert.rejects(lockDirectory(directory, { nowMs: 0 }), { code: 'directory_locked' })
    lock.release()
    lock.release()
    const again = await lockDirectory(directory, { nowMs: 0 })
    again.release()
  })

  it('is let go of where who has it cannot be taken back, as on a disk that has become read-only', async (t) => {
    const directory = temporaryDirectory(t)
    const lock = await lockDirectory(directory, { nowMs: 0 })
    rmSync(`${directory}/lock-holder.json`)
    mkdirSync(`${directory}/lock-holder.json`)
    lock.release()
    rmSync(`${directory}/lock-holder.json`, { recursive: true })
    const again = await lockDirectory(directory, { nowMs: 0 })
    again.release()
  })

  it('names the process that has it, and is free when that is killed', async (t) => {
    const directory = temporaryDirectory(t)
    const module = new URL('./directory-lock.ts', import.meta.url).href
    const script = `
      const { lockDirectory } = await import(${JSON.stringify(module)})
      await lockDirectory(${JSON.stringify(directory)}, { nowMs: 0 })
      console.log('locked')
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.after(() => child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    await assert.rejects(lockDirectory(directory, { nowMs: 0 }), (fault) => {
      assert.ok(fault instanceof Error && 'holder' in fault)
      assert.equal((fault.holder as { pid: number }).pid, child.pid)
      return true
    })
    child.kill('SIGKILL')
    await once(child, 'exit')
    const lock = await lockDirectory(directory, { nowMs: 0 })
    lock.release()
  })

  it('cannot be held by other users, also where the file was open to them', async (t) => {
    const directory = temporaryDirectory(t)
    const file = `${directory}/lock`
    const mode = () => statSync(file).mode & 0o777
    const made = await lockDirectory(directory, { nowMs: 0 })
    assert.equal(mode(), 0o600)
    chmodSync(file, 0o644)
    await assert.rejects(lockDirectory(directory, { nowMs: 0 }), { code: 'directory_locked' })
    assert.equal(mode(), 0o600)
    await assert.rejects(lockDirectory(directory, { nowMs: 0 }), { code: 'directory_locked' }, 'still locked')
    made.release()
  })

  it('says so where the directory cannot be made', async (t) => {
    const directory = temporaryDirectory(t)
    writeFileSync(`${directory}/file`, '')
    await assert.rejects(lockDirectory(`${directory}/file/data`, { nowMs: 0 }), { code: 'ENOTDIR' })
  })
})
