import { overServer } from '../fixture.ts'

overServer('usage_of_staging', '')
await import('../sums.test.ts')
