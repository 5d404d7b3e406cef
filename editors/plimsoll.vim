" Vim syntax file for Plimsoll rulebooks (*.rules); docs/rule-language.md is the reference.
" To use: copy to ~/.vim/syntax/plimsoll.vim, and in your vimrc
"   autocmd BufNewFile,BufRead *.rules setfiletype plimsoll
if exists("b:current_syntax")
  finish
endif
syntax case match
setlocal iskeyword=@,48-57,_,-,.
setlocal commentstring=#\ %s

syntax match   plimsollComment   "#.*$" contains=@Spell
syntax region  plimsollText      start=+"+ end=+"+ oneline contains=@Spell
syntax match   plimsollDate      "\<\d\{4}-\d\d-\d\d\>"
syntax match   plimsollNumber    "\<\d\+\(\.\d\+\)\?\>"
syntax match   plimsollDeclare   "^\(rulebook\|fact\|group\|codes\|names\|define\|class\|note\|requirement\|exception\|policy\|obligation\|test\|background\|not-modelled\|derived-eccn\)\>"
syntax keyword plimsollClause    when unless cite certainty defect obliges unlicensed reading needs lifts
syntax keyword plimsollClause    prohibits prevails edition takes-out-of ask at cost members
syntax keyword plimsollClock     effective enforced not-enforced stayed undecided because basis
syntax keyword plimsollClock     announced end-announced from to until
syntax keyword plimsollLogic     and or not some every has is in within among known else total
syntax keyword plimsollLogic     where asserted always never except perhaps of for
syntax keyword plimsollType      yes-or-no number country code text one transaction item party part
syntax keyword plimsollTest      fires fails asks given expect like as-of codified yes no unknown
syntax keyword plimsollPolicy    presumption_of_approval case_by_case presumption_of_denial denial
syntax keyword plimsollCertain   read quoted recalled inferred

highlight default link plimsollComment Comment
highlight default link plimsollText    String
highlight default link plimsollDate    Constant
highlight default link plimsollNumber  Number
highlight default link plimsollDeclare Statement
highlight default link plimsollClause  Keyword
highlight default link plimsollClock   PreProc
highlight default link plimsollLogic   Operator
highlight default link plimsollType    Type
highlight default link plimsollTest    Todo
highlight default link plimsollPolicy  Constant
highlight default link plimsollCertain Constant
let b:current_syntax = "plimsoll"
