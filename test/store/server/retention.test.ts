import { overServer } from '../fixture.ts'

overServer('', '')
await import('../retention.test.ts')
