/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment -- winston 3.19 declares the base class of its transports apart from them */
import { join } from 'node:path'
import { createLogger, format, transports, type Logger as WinstonLogger } from 'winston'
import DailyRotateFile from 'winston-daily-rotate-file'
import { humanLine, humanText, scrub } from './log-line.js'
import type { Redact } from './redact.js'

/** Constant messages; everything that varies goes into fields. An Error under `error` is written with its stack. */
export interface Logger {
  error(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
}
export type LogFields = Readonly<Record<string, unknown>>

export interface LogOptions {
  readonly level: 'error' | 'warn' | 'info' | 'debug'
  /** The folder of the JSON lines, a file a day; undefined: none are written. */
  readonly folder: string | undefined
  readonly days: number
  readonly redact: Redact
  /** True where journald reads stderr (it sets JOURNAL_STREAM): lines then carry its priorities, `<4>`. */
  readonly journald: boolean
  /** True: nothing goes to stderr. Default false. */
  readonly silent?: boolean
  /** Milliseconds until a folder that could not be written is tried again; a test shortens it. Default a minute. */
  readonly fileRetryMs?: number
}

/** sd-daemon(3): the priority of syslog(3), in angle brackets, at the start of a line. */
const priorities: Readonly<Record<string, string>> = { error: '<3>', warn: '<4>', info: '<6>', debug: '<7>' }

/** JSON lines to a folder, and short lines for people to stderr, both without secrets. */
export function createLog(
  options: LogOptions,
): Logger & { close(): Promise<void>; setLevel(level: LogOptions['level']): void } {
  const clean = format((info) => {
    for (const [key, value] of Object.entries(info)) info[key] = scrub(value, options.redact)
    return info
  })
  const human = format.printf((info) => {
    const { level, message, timestamp, ...fields } = info
    if (options.journald) return `${priorities[level] ?? '<6>'}${humanText(String(message), fields)}`
    return humanLine(String(timestamp), level, String(message), fields)
  })
  const levels = ['error', 'warn', 'info', 'debug']
  const logger: WinstonLogger = createLogger({
    level: options.level,
    format: format.combine(clean(), format.timestamp()),
    transports: [new transports.Console({ stderrLevels: levels, format: human, silent: options.silent ?? false })],
  })
  // A full disk must not end the daemon: the line on stderr is still written.
  logger.on('error', () => undefined)
  for (const transport of logger.transports) transport.on('error', () => undefined)
  const stopFiles = options.folder === undefined ? () => undefined : addFiles(logger, options.folder, options)
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      logger.log(level, message, fields)
    }
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    setLevel(level) {
      logger.level = level
    },
    close: () =>
      new Promise((resolve) => {
        stopFiles()
        logger.on('finish', () => {
          resolve()
        })
        logger.end()
      }),
  }
}

/** Adds the daily files, and again after a while whenever they could not be written. @returns what ends that */
function addFiles(
  logger: WinstonLogger,
  folder: string,
  options: Pick<LogOptions, 'days' | 'fileRetryMs'>,
): () => void {
  let timer: NodeJS.Timeout | undefined
  const failed = (error: unknown) => {
    if (timer !== undefined) return
    timer = setTimeout(add, options.fileRetryMs ?? 60_000)
    timer.unref()
    logger.log('warn', 'log files can not be written; tried again later', { folder, error })
  }
  const add = () => {
    timer = undefined
    try {
      const transport = dailyFile(folder, options.days)
      transport.on('error', () => undefined)
      // winston-daily-rotate-file 5.0 does not hand on the errors of its stream, and an unheard one ends the process.
      transport.logStream.on('error', (error) => {
        logger.remove(transport)
        failed(error)
      })
      logger.add(transport)
    } catch (error) {
      failed(error)
    }
  }
  add()
  return () => {
    clearTimeout(timer)
  }
}

/** A file a day, or for 50 MB; those older than `days` are removed. */
function dailyFile(folder: string, days: number): DailyRotateFile {
  return new DailyRotateFile({
    dirname: folder,
    filename: 'devorch-%DATE%.jsonl',
    auditFile: join(folder, '.rotation.json'),
    datePattern: 'YYYY-MM-DD',
    maxFiles: `${days.toString()}d`,
    maxSize: '50m',
    format: format.json(),
  })
}
