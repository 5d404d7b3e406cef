% The same two paragraphs and note in SWI-Prolog, arithmetic on integers.
% usage: swipl -O peer.pl -- CASES SECONDS
:- initialization(main, main).

dense(T, A, H) :- integer(T), integer(A), T * 1000 >= H * A.
below(T, A, H) :- integer(T), integer(A), T * 1000 < H * A.

meets_a(T, _) :- integer(T), T >= 4800.
meets_a(T, A) :- integer(T), T >= 1600, dense(T, A, 592).
meets_b(T, A) :- integer(T), T >= 2400, T < 4800, dense(T, A, 160), below(T, A, 592).
meets_b(T, A) :- integer(T), T >= 1600, dense(T, A, 320), below(T, A, 592).
note2(T, 0) :- integer(T), T < 4800.

class(T, A, D, a) :- meets_a(T, A), \+ note2(T, D), !.
class(T, A, D, b) :- meets_b(T, A), \+ note2(T, D), !.
class(_, _, _, none).

read_cases(S, Cases) :-
    read_term(S, X, []),
    ( X == end_of_file -> Cases = [] ; Cases = [X|Rest], read_cases(S, Rest) ).

round([]).
round([c(T, A, D)|Rest]) :- class(T, A, D, _), round(Rest).

rounds(Cases, End, N0, N) :-
    round(Cases), N1 is N0 + 1, statistics(cputime, Now),
    ( Now < End -> rounds(Cases, End, N1, N) ; N = N1 ).

main([File, Text]) :-
    atom_number(Text, Seconds),
    open(File, read, S), read_cases(S, Cases), close(S), length(Cases, L),
    statistics(cputime, T0), End is T0 + Seconds,
    rounds(Cases, End, 0, N),
    statistics(cputime, T1),
    Ns is (T1 - T0) * 1.0e9 / (N * L), format("prolog ~2f~n", [Ns]),
    forall(member(c(T, A, D), Cases), (class(T, A, D, C), format("= ~w~n", [C]))).
