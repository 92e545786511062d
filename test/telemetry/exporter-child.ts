import { exportingConfig, startExporting } from './telemetry-sides.ts'

/** `node exporter-child.ts <data directory> <collector>`: exports until it is killed. */
const [dataDir = '', url = ''] = process.argv.slice(2)
await startExporting(exportingConfig(dataDir, url))
process.stdout.write('exporting\n')
