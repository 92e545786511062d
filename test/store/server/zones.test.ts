import { overServer } from '../fixture.ts'

overServer('usage_of_staging', '')
await import('../zones.test.ts')
