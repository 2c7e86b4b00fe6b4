dnl mmapipc.m4 - the few questions that configure.ac asks more than once.

dnl MMAPIPC_NEED(VARIABLE, MODULE, PACKAGES) - a library found by pkg-config.
dnl One that is missing is added to $mmapipc_missing, so that all of them can
dnl be reported together.
AC_DEFUN([MMAPIPC_NEED],
	[PKG_CHECK_MODULES([$1], [$2], [],
		[mmapipc_missing="$mmapipc_missing
  $2: $3"])])

dnl MMAPIPC_PEER(VARIABLE, NAME, MODULE, PACKAGES) - a library that ipcmark
dnl compares with, by pkg-config; nothing else needs it. --without-NAME leaves
dnl it out. Sets $have_NAME to yes or to the reason why not, and HAVE_VARIABLE
dnl for the compiler and for automake.
AC_DEFUN([MMAPIPC_PEER],
	[AC_ARG_WITH([$2],
		[AS_HELP_STRING([--without-$2],
			[do not build the transports over $2])],
		[], [with_$2=check])
	AS_IF([test "x$with_$2" = xno],
		[have_$2='no: --without-$2'],
		[PKG_CHECK_MODULES([$1], [$3], [have_$2=yes],
			[have_$2='no: install $4'
			AS_IF([test "x$with_$2" = xyes],
				[AC_MSG_ERROR([--with-$2, but there is no $3: install $4])])])])
	AS_IF([test "$have_$2" = yes],
		[AC_DEFINE([HAVE_$1], [1], [Define to 1 if $3 is there.])])
	AM_CONDITIONAL([HAVE_$1], [test "$have_$2" = yes])])

dnl MMAPIPC_PEER_NNG - the same for nng, which not every system gives a .pc.
AC_DEFUN([MMAPIPC_PEER_NNG],
	[AC_ARG_WITH([nng],
		[AS_HELP_STRING([--without-nng],
			[do not build the transport over nng])],
		[], [with_nng=check])
	NNG_LIBS=
	AS_IF([test "x$with_nng" = xno],
		[have_nng='no: --without-nng'],
		[have_nng='no: install $1'
		AC_CHECK_HEADER([nng/nng.h],
			[AC_CHECK_LIB([nng], [nng_push0_open],
				[have_nng=yes
				NNG_LIBS=-lnng])])
		AS_IF([test "x$with_nng" = xyes && test "$have_nng" != yes],
			[AC_MSG_ERROR([--with-nng, but there is no nng: install $1])])])
	AC_SUBST([NNG_LIBS])
	AS_IF([test "$have_nng" = yes],
		[AC_DEFINE([HAVE_NNG], [1], [Define to 1 if nng is there.])])
	AM_CONDITIONAL([HAVE_NNG], [test "$have_nng" = yes])])

dnl MMAPIPC_PEER_ICEORYX - the same for iceoryx 2, which has no .pc and keeps its
dnl headers in a folder of its version.
AC_DEFUN([MMAPIPC_PEER_ICEORYX],
	[AC_ARG_WITH([iceoryx],
		[AS_HELP_STRING([--without-iceoryx],
			[do not build the transport over iceoryx])],
		[], [with_iceoryx=check])
	AC_ARG_VAR([ICEORYX_CFLAGS], [where the headers of iceoryx 2 are])
	ICEORYX_LIBS=
	AS_IF([test "x$with_iceoryx" = xno],
		[have_iceoryx='no: --without-iceoryx'],
		[have_iceoryx='no: install $1'
		AS_IF([test -z "$ICEORYX_CFLAGS"],
			[for mmapipc_folder in /usr/include/iceoryx/v2.* \
				/usr/local/include/iceoryx/v2.*; do
				AS_IF([test -d "$mmapipc_folder"],
					[ICEORYX_CFLAGS="-isystem $mmapipc_folder"])
			done])
		mmapipc_save_CPPFLAGS=$CPPFLAGS
		CPPFLAGS="$CPPFLAGS $ICEORYX_CFLAGS"
		AC_CHECK_HEADER([iceoryx_binding_c/wait_set.h],
			[AC_CHECK_LIB([iceoryx_binding_c], [iox_ws_timed_wait],
				[have_iceoryx=yes
				ICEORYX_LIBS=-liceoryx_binding_c])])
		CPPFLAGS=$mmapipc_save_CPPFLAGS])
	AS_IF([test "x$with_iceoryx" = xyes && test "$have_iceoryx" != yes],
		[AC_MSG_ERROR([--with-iceoryx, but there is no iceoryx 2: install $1])])
	AC_SUBST([ICEORYX_LIBS])
	AS_IF([test "$have_iceoryx" = yes],
		[AC_DEFINE([HAVE_ICEORYX], [1],
			[Define to 1 if iceoryx 2 is there.])])
	AM_CONDITIONAL([HAVE_ICEORYX], [test "$have_iceoryx" = yes])])

dnl MMAPIPC_PEER_BOOST - the same for Boost.Interprocess, which is C++ headers
dnl only. Programs are linked by the C compiler, so BOOST_LIBS has the library
dnl of its C++ run time.
AC_DEFUN([MMAPIPC_PEER_BOOST],
	[AC_ARG_WITH([boost],
		[AS_HELP_STRING([--without-boost],
			[do not build the transport over Boost.Interprocess])],
		[], [with_boost=check])
	BOOST_LIBS=
	AS_IF([test "x$with_boost" = xno],
		[have_boost='no: --without-boost'],
		[have_boost='no: install $1'
		mmapipc_save_CXXFLAGS=$CXXFLAGS
		CXXFLAGS="$CXXFLAGS -std=c++17"
		AC_LANG_PUSH([C++])
		AC_CHECK_HEADERS([boost/interprocess/ipc/message_queue.hpp],
			[have_boost=yes])
		AC_LANG_POP([C++])
		CXXFLAGS=$mmapipc_save_CXXFLAGS])
	AS_IF([test "$have_boost" = yes],
		[AC_CHECK_LIB([stdc++], [__cxa_throw], [BOOST_LIBS=-lstdc++],
			[AC_CHECK_LIB([c++], [__cxa_throw], [BOOST_LIBS=-lc++],
				[have_boost="no: $CC does not link with the run time of C++"])])])
	AS_IF([test "x$with_boost" = xyes && test "$have_boost" != yes],
		[AC_MSG_ERROR([--with-boost, but $have_boost])])
	AC_SUBST([BOOST_LIBS])
	AS_IF([test "$have_boost" = yes],
		[AC_DEFINE([HAVE_BOOST], [1],
			[Define to 1 if Boost.Interprocess is there.])])
	AM_CONDITIONAL([HAVE_BOOST], [test "$have_boost" = yes])])

dnl MMAPIPC_CFLAG(VARIABLE, FLAG) - append FLAG if the compiler takes it.
dnl -Werror makes clang refuse what it would otherwise ignore with a warning.
AC_DEFUN([MMAPIPC_CFLAG],
	[AS_VAR_PUSHDEF([cached], [mmapipc_cv_cflag_$2])
	AC_CACHE_CHECK([whether $CC takes $2], [cached],
		[mmapipc_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -Werror $2"
		AC_COMPILE_IFELSE([AC_LANG_SOURCE([int mmapipc_probe;])],
			[AS_VAR_SET([cached], [yes])],
			[AS_VAR_SET([cached], [no])])
		CFLAGS=$mmapipc_save_CFLAGS])
	AS_VAR_IF([cached], [yes], [AS_VAR_APPEND([$1], [" $2"])])
	AS_VAR_POPDEF([cached])])

dnl MMAPIPC_VERSION_SCRIPT - can the linker name and version the exports?
dnl A linker that merely ignores the option would not refuse the broken script.
AC_DEFUN([MMAPIPC_VERSION_SCRIPT],
	[AC_CACHE_CHECK([whether the linker takes a version script],
		[mmapipc_cv_version_script],
		[mmapipc_cv_version_script=no
		mmapipc_save_LDFLAGS=$LDFLAGS
		LDFLAGS="$LDFLAGS -Wl,--version-script=conftest.map"
		echo 'not a version script' >conftest.map
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [],
			[echo 'PROBE_1 { global: main; local: *; };' \
				>conftest.map
			AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
				[mmapipc_cv_version_script=yes])])
		rm -f conftest.map
		LDFLAGS=$mmapipc_save_LDFLAGS])])
