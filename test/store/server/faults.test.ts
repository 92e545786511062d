import { overServer } from '../fixture.ts'

overServer('tollgate', '')
await import('../faults.test.ts')
