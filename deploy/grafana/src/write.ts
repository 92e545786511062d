// `npm run dashboards`: writes deploy/grafana/dashboards anew. A test says whether that is due.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dashboardFiles } from './all.ts'

const folder = new URL('../dashboards/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const [name, text] of dashboardFiles()) writeFileSync(new URL(name, folder), text)
