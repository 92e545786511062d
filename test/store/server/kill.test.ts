import { overServer } from '../fixture.ts'

overServer('', '')
await import('../kill.test.ts')
