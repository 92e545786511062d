import { join } from 'node:path'
import type { KeysDoors } from '#cli/keys.ts'
import { loadConfigOrExit, processSources } from '#config/process.ts'
import { systemClock } from '#edge/system.ts'
import { prepareDataDirectory } from '#store/data-directory.ts'
import { openSettings, settingsFile } from '#store/settings/open.ts'

/** What `tollgate keys` and `tollgate tokens` work on: the settings of this process's data directory, beside whatever has them open. */
export const keysDoors: KeysDoors = {
  async open(overrides, work) {
    const { config } = loadConfigOrExit(processSources(overrides))
    prepareDataDirectory(config.dataDir)
    const settings = await openSettings({ path: join(config.dataDir, settingsFile), clock: systemClock })
    try {
      return await work({ settings, configured: config.keys, nowMs: systemClock.wallMs() })
    } finally {
      await settings.close()
    }
  },
  print: (text) => {
    process.stdout.write(text)
  },
}
