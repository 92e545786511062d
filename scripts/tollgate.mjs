#!/usr/bin/env node
// The command `tollgate` on any Node from 20 on; see bootstrap.mjs.
import './bootstrap.mjs'
