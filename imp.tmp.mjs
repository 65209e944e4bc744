import {spawnSync} from 'node:child_process';
for (const m of process.argv.slice(2)) {
  const specs=m.split('+').map(x=>x.startsWith('dist')?'./'+x:x);
  let best=1e9;
  for(let i=0;i<6;i++){const r=spawnSync(process.execPath,['--input-type=module','-e',`const t=process.cpuUsage();${specs.slice(0,-1).map(s=>`await import('${s}');`).join('')}const u=process.cpuUsage();await import('${specs.at(-1)}');const c=process.cpuUsage(u);console.log((c.user+c.system)/1000)`],{encoding:'utf8',cwd:process.cwd()});best=Math.min(best,+r.stdout)}
  console.log(best.toFixed(0).padStart(5),m);
}
