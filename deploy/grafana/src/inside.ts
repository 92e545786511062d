import type { Row } from './dashboard.ts'
import { figure, lines, rows } from './panels.ts'
import { now, over, perSecond, quantile, tabled } from './promql.ts'

const health: Row = {
  title: 'Health',
  panels: [
    figure({ title: 'Ready', unit: 'bool_yes_no', description: 'Whether the gateway takes calls.' }, [
      now('min(tollgate_ready)', 'ready'),
    ]),
    figure(
      {
        title: 'Console',
        unit: 'bool_on_off',
        description: 'Whether reports, ingest and alerts run. Traffic does not need them.',
      },
      [now('min(tollgate_console_up)', 'console')],
    ),
    figure({ title: 'Store', unit: 'bool_on_off', description: 'Whether ClickHouse takes records.' }, [
      now('min(tollgate_store_up)', 'store'),
    ]),
    figure(
      {
        title: 'Refusing',
        unit: 'bool_yes_no',
        description: 'Whether calls are refused because the journal cannot be written.',
      },
      [now('max(tollgate_journal_refusing)', 'refusing')],
      { steps: [[0.5, 'red']] },
    ),
    figure(
      { title: 'Alerts firing', unit: 'short', description: "Of Tollgate's own alerts, which are about money." },
      [now('sum(tollgate_alerts_firing) or vector(0)', 'alerts')],
      { steps: [[0.5, 'orange']] },
    ),
    figure(
      {
        title: 'Labels beyond the cap',
        unit: 'short',
        description: 'Values that were counted as "other", since the start.',
      },
      [now('sum(tollgate_label_overflow_total) or vector(0)', 'values')],
      { steps: [[0.5, 'orange']] },
    ),
  ],
}

const ledger: Row = {
  title: 'Journal and store',
  panels: [
    lines(
      { title: 'Ingest lag', unit: 'short', description: 'Records in the journal that the store does not have yet.' },
      [over('tollgate_ingest_lag_records', '{{instance}} records')],
    ),
    lines(
      {
        title: 'Ingest lag in seconds',
        unit: 's',
        description: 'The age of the oldest record that the store does not have yet.',
      },
      [over('tollgate_ingest_lag_seconds', '{{instance}}')],
    ),
    lines({ title: 'Journal', unit: 'decbytes', description: 'What it takes on the disk, and what is free there.' }, [
      over('tollgate_journal_size_bytes', '{{instance}} journal'),
      over('tollgate_journal_disk_free_bytes', '{{instance}} free'),
    ]),
    lines({ title: 'Written to the journal', unit: 'Bps', description: 'Bytes a second.' }, [
      over(perSecond('tollgate_journal_written_bytes_total', 'instance'), '{{instance}}'),
    ]),
    lines({ title: 'Journal entries', unit: 'short', description: 'A second, by kind.' }, [
      over(perSecond('tollgate_journal_entries_total', 'kind'), '{{kind}}'),
    ]),
    lines({ title: 'fsync of the journal', unit: 's', description: 'How long the disk takes.' }, [
      over(quantile(0.5, 'tollgate_journal_fsync_seconds', ''), 'p50'),
      over(quantile(0.99, 'tollgate_journal_fsync_seconds', ''), 'p99'),
    ]),
    lines({ title: 'Ingested', unit: 'short', description: 'Records and batches a second.' }, [
      over(perSecond('tollgate_ingest_records_total'), 'records'),
      over(perSecond('tollgate_ingest_batches_total'), 'batches'),
    ]),
    lines({ title: 'Inserts', unit: 's', description: 'How long the store takes for a batch.' }, [
      over(quantile(0.5, 'tollgate_ingest_insert_seconds', ''), 'p50'),
      over(quantile(0.99, 'tollgate_ingest_insert_seconds', ''), 'p99'),
    ]),
    lines(
      {
        title: 'What the store did not take',
        unit: 'short',
        description: 'Inserts that failed and are tried again, and records set aside as unfit, since the start.',
      },
      [
        over('sum(tollgate_store_insert_failures_total)', 'failed inserts'),
        over('sum(tollgate_ingest_quarantined_total)', 'set aside'),
        over('max(tollgate_ingest_stopped)', 'ingest stopped'),
      ],
    ),
  ],
}

const telling: Row = {
  title: 'Alerts and telemetry',
  panels: [
    lines({ title: 'Alert deliveries', unit: 'short', description: 'An hour, by receiver and result.' }, [
      over(`${perSecond('tollgate_alert_deliveries_total', 'receiver', 'result')} * 3600`, '{{receiver}} {{result}}'),
    ]),
    lines({ title: 'Deliveries waiting', unit: 'short', description: 'To be made, or to be tried again.' }, [
      over('sum by (receiver) (tollgate_alert_deliveries_pending)', '{{receiver}}'),
    ]),
    lines({ title: 'Time of a delivery', unit: 's', description: 'p95: how long receivers take to answer.' }, [
      over(quantile(0.95, 'tollgate_alert_delivery_seconds', '', 'receiver'), '{{receiver}}'),
    ]),
    lines({ title: 'Tollgate alerts firing', unit: 'short', description: 'By type and severity.' }, [
      over('sum by (type, severity) (tollgate_alerts_firing)', '{{type}} {{severity}}'),
    ]),
    lines(
      {
        title: 'Telemetry exported',
        unit: 'short',
        description: 'Items a second that the collector took, did not take, or that were dropped.',
      },
      [
        over(perSecond('tollgate_telemetry_exported_total', 'signal'), '{{signal}} exported'),
        over(perSecond('tollgate_telemetry_export_failures_total', 'signal'), '{{signal}} failed'),
        over(perSecond('tollgate_telemetry_dropped_total', 'signal'), '{{signal}} dropped'),
      ],
    ),
    lines(
      {
        title: 'Telemetry waiting',
        unit: 'short',
        description: 'Items that wait, and whether the last export succeeded.',
      },
      [
        over('sum by (signal) (tollgate_telemetry_queue_length)', '{{signal}} waiting'),
        over('min by (signal) (tollgate_telemetry_up)', '{{signal}} up'),
      ],
    ),
  ],
}

const processes: Row = {
  title: 'Processes',
  panels: [
    lines({ title: 'Event-loop lag', unit: 's', description: 'p99, by process: how long a call waits for its turn.' }, [
      over('max by (instance, role) (nodejs_eventloop_lag_p99_seconds)', '{{instance}} {{role}}'),
    ]),
    lines({ title: 'Memory', unit: 'decbytes', description: 'Resident, and of it what JavaScript uses.' }, [
      over('sum by (instance, role) (process_resident_memory_bytes)', '{{instance}} {{role}} resident'),
      over('sum by (instance, role) (nodejs_heap_size_used_bytes)', '{{instance}} {{role}} heap'),
    ]),
    lines({ title: 'CPU', unit: 'percentunit', description: 'By process; 100 % is one core.' }, [
      over(perSecond('process_cpu_seconds_total', 'instance', 'role'), '{{instance}} {{role}}'),
    ]),
    rows({ title: 'Builds', unit: 'short', description: 'What runs where.' }, [
      tabled('max by (instance, version, node_version) (tollgate_build_info)'),
    ]),
  ],
}

export const insideRows: readonly Row[] = [health, ledger, telling, processes]
