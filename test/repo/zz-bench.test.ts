import { test, expect } from 'vitest'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cloneRepository } from '/work/main/src/repo/clone.js'
import { parseRepository } from '/work/main/src/repo/repository-url.js'
import { childEnvironment } from '/work/main/src/support/process.js'
import { startGitServer } from '/work/main/test/support/git-server.js'
const N=20
const med=(a:number[])=>[...a].sort((x,y)=>x-y)[Math.floor(a.length/2)]!.toFixed(1)
test('bench', async()=>{
 const s=await startGitServer('/tmp/rp'); const dir=mkdtempSync('/tmp/rp/b-')
 const policy={protocols:['http'] as const,hosts:[],privateAddresses:true}
 for(const r of ['small','big']){ const n=r==='small'?N:8
  const p=parseRepository(`${s.url}/${r}.git`,policy); if(!p.ok) throw new Error(p.because)
  const tools={policy,credentials:{},mirrorsFolder:dir+'/mirrors',stepTimeoutMs:60000,environment:childEnvironment(process.env)}
  const { spawn } = await import('node:child_process')
  const base:number[]=[],first:number[]=[],known:number[]=[]
  for(let i=0;i<n;i++){
   let t=performance.now(); await new Promise(d=>spawn('bash',['-c',`git clone -q ${s.url}/${r}.git ${dir}/o`],{stdio:'inherit'}).on('close',d)); base.push(performance.now()-t); rmSync(dir+'/o',{recursive:true})
   rmSync(dir+'/mirrors',{recursive:true,force:true})
   t=performance.now(); await cloneRepository({repository:p.repository,into:dir+'/o'},tools); first.push(performance.now()-t); rmSync(dir+'/o',{recursive:true})
   t=performance.now(); await cloneRepository({repository:p.repository,into:dir+'/o'},tools); known.push(performance.now()-t)
   if(i===0) console.log(execFileSync('cat',[dir+'/o/.git/config']).toString(), execFileSync('git',['-C',dir+'/o','status','-sb']).toString()); rmSync(dir+'/o',{recursive:true})
  }
  console.log(r,'bash git clone',med(base),'first',med(first),'known',med(known),'min',Math.min(...base).toFixed(1),Math.min(...first).toFixed(1),Math.min(...known).toFixed(1))
 }
 rmSync(dir,{recursive:true}); await s.close(); expect(1).toBe(1)
},200000)
