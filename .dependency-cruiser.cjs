/**
 * The floors of the source, the highest first. A file may import its own room and any room on a lower floor:
 * never a higher one, never another room on its own floor.
 */
const floors = [
  ['main'],
  ['cli'],
  ['commands'],
  ['daemon'],
  ['report'],
  ['receiver', 'session'],
  ['job', 'config', 'template', 'repo', 'layout', 'tmux', 'tracker', 'agent', 'systemd'],
  ['support'],
]

/** A room is a folder of src/ or a single file there. */
const filesOf = (rooms) => `^src/(${rooms.join('|')})(/|\\.ts$)`

const floorRules = floors.flatMap((rooms, index) =>
  rooms.flatMap((room) => {
    const outOfReach = [...floors.slice(0, index).flat(), ...rooms.filter((other) => other !== room)]
    if (outOfReach.length === 0) return []
    return [
      {
        name: `floor-of-${room}`,
        comment: `${room} imports only its own room and the floors below it`,
        severity: 'error',
        from: { path: filesOf([room]) },
        to: { path: filesOf(outOfReach) },
      },
    ]
  }),
)

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...floorRules,
    {
      name: 'known-room',
      comment: 'every file of src/ belongs to a room that has a floor: add the room to .dependency-cruiser.cjs',
      severity: 'error',
      from: { path: '^src/', pathNot: filesOf(floors.flat()) },
      to: {},
    },
    {
      name: 'known-room-imported',
      comment: 'every file of src/ belongs to a room that has a floor: add the room to .dependency-cruiser.cjs',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: filesOf(floors.flat()) },
    },
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphan', severity: 'error', from: { path: '^src/', orphan: true, pathNot: '\\.d\\.ts$' }, to: {} },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-test-code',
      comment: 'what is shipped does not import tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-development-package',
      comment: 'what is shipped imports only packages that are installed with it',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'deprecated'],
        dependencyTypesNot: ['type-only'],
        pathNot: 'node_modules/@types/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
}
