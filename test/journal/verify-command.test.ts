import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { temporaryDirectory, writtenJournal } from './journals.ts'

function tollgate(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const main = new URL('../../src/main.ts', import.meta.url).pathname
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (fault, stdout, stderr) => {
      resolve({ code: typeof fault?.code === 'number' ? fault.code : 0, stdout, stderr })
    })
  })
}

describe('tollgate verify', () => {
  it('says that a sound journal is sound, and names the first bad byte of another', async (t) => {
    const dataDir = temporaryDirectory(t)
    await writtenJournal(`${dataDir}/journal`, 10)
    const sound = await tollgate('verify', '--data-dir', dataDir)
    assert.equal(sound.code, 0, sound.stderr)
    assert.match(sound.stdout, /entries +20\n/)
    assert.match(sound.stdout, /sound: every byte is as it was written/)
    assert.equal(sound.stderr, '')

    const [, name] = readdirSync(`${dataDir}/journal`)
      .filter((file) => file.endsWith('.tgj'))
      .sort()
    const path = `${dataDir}/journal/${name}`
    writeFileSync(path, readFileSync(path, 'utf8').replace('"input":1200', '"input":1201'))
    const damaged = await tollgate('verify', '--data-dir', dataDir)
    assert.equal(damaged.code, 1)
    assert.match(damaged.stdout, new RegExp(`damaged: ${name}, byte \\d+: `))

    const json = await tollgate('verify', '--data-dir', dataDir, '--json')
    assert.equal(json.code, 1)
    assert.equal(JSON.parse(json.stdout).fault.segment, name)
  })

  it('fails where there is no journal', async (t) => {
    const { code, stdout } = await tollgate('verify', '--data-dir', temporaryDirectory(t))
    assert.equal(code, 1)
    assert.match(stdout, /there is no journal/)
  })
})
