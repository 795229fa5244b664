# Tandem as a ReFrame test (https://reframe-hpc.readthedocs.io, written for and run with ReFrame 4.10).
#
#   pip install ReFrame-HPC
#   TANDEM=build/cpu/tandem reframe -c ci/sites/reframe_tandem.py -r --performance-report
#   ... -S TandemCheck.config=configs/standard.toml -S TandemCheck.cases='dense/*'
#
# It runs a configuration, seals the result and verifies it. Sane: `tandem run` closed with its result line, its status
# is one of `allowed`, every check passed, and `tandem verify` derives the same. Every figure of merit that has a value
# becomes a performance variable under its own name; give references for those that you watch:
#
#   self.reference = {'mysystem:part': {'kernel.dense.gemm.n=2048.precision=fp64.device=cpu.rate': (1.5e11, -0.05, None, 'flop/s')}}
#
# On a cluster, set valid_systems, and in the configuration launcher = "srun --mpi=pmix -n {ranks} -c {threads}": Tandem
# starts its ranks itself, so the test is one task. The sealed directory stays in the stage directory under `result`;
# --keep-stage-files keeps it.
import os
import re

import reframe as rfm
import reframe.utility.sanity as sn

FIGURE = re.compile(r'^TANDEM-FOM v1 (\S+) = (\S+) (\S+) ', re.MULTILINE)
SITES = os.path.dirname(os.path.abspath(__file__))


@rfm.simple_test
class TandemCheck(rfm.RunOnlyRegressionTest):
    '''A Tandem configuration, measured, sealed and verified.'''

    config = variable(str, value='configs/quick.toml')
    cases = variable(str, value='*')  # a glob on case paths, as of tandem run --filter
    allowed = variable(list, value=['VALID-CLOSED', 'VALID-OPEN', 'UNOFFICIAL', 'UNSTABLE'])

    descr = 'Tandem: HPC, AI and their coupling'
    valid_systems = ['*']
    valid_prog_environs = ['*']
    sourcesdir = None
    num_tasks = 1
    local = True
    time_limit = '60m'

    @run_before('run')
    def set_command(self):
        root = os.path.join(SITES, '..', '..')
        program = os.environ.get('TANDEM', 'tandem')
        if os.sep in program:
            program = os.path.abspath(program)
        config = self.config if os.path.isabs(self.config) else os.path.join(root, self.config)
        self.executable = program
        self.executable_opts = ['run', os.path.abspath(config), '--filter', f"'{self.cases}'", '--out', 'result']
        self.postrun_cmds = [f'{program} verify result | tee verify.log']

    @sanity_function
    def holds(self):
        status = sn.extractsingle(r'^TANDEM-RESULT v1 status=(\S+) ', self.stdout, 1)
        roots = sn.extractall(r'^TANDEM-RESULT v1 .*root=([0-9a-f]{12})$', self.stdout, 1)
        return sn.all([
            sn.assert_in(status, self.allowed, msg='status {0}: the result must not be used'),
            sn.assert_not_found(r'^TANDEM-CHECK v1 .*result=FAIL', self.stdout),
            sn.assert_eq(sn.count(roots), 2, msg='run and verify do not both tell the root'),
            sn.assert_eq(sn.count_uniq(roots), 1, msg='verify tells another root than run'),
        ])

    @run_before('performance')
    def take_figures(self):
        with open(os.path.join(self.stagedir, self.stdout.evaluate())) as log:
            for name, value, unit in FIGURE.findall(log.read()):
                if value not in ('null', 'inf'):
                    self.perf_variables[name] = sn.make_performance_function(
                        sn.extractsingle(rf'^TANDEM-FOM v1 {re.escape(name)} = (\S+) ', self.stdout, 1, float), unit)
